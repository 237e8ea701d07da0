// One commit: all of it or nothing, and what is still there when everything else has gone.

import Foundation
import Testing
import VicinityCore
import VicinityStore

struct AppendTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    @Test(arguments: Durability.allCases)
    func roundTrip(durability: Durability) throws {
        let store = try place.open(durability)
        let commit = Commit(
            number: 1, blocks: [block(1, count: 3), block(4, count: 2)], journal: [1, 2, 3], pages: [StatePage(index: 7, bytes: [9])],
            register: [.put(subject(4, "s-4", kind: "toll"))], signOffs: [SignOff(hash: .max, time: 5, until: 6, limits: [7, 0])],
            cursors: [.set(Cursor(name: [65], acked: 3, wallTime: 999))], wallTime: 1000)
        try store.append(commit)
        #expect(store.head == LogHead(commit: 1, seq: 5))
        try store.close()

        let again = try place.open(durability)
        #expect(again.head == LogHead(commit: 1, seq: 5))
        let recovery = try Recovery(of: again)
        #expect(recovery.head == LogHead(commit: 1, seq: 5))
        #expect(
            recovery.items == [
                .subject(subject(4, "s-4", kind: "toll")), .signOff(SignOff(hash: .max, time: 5, until: 6, limits: [7, 0])),
                .cursor(Cursor(name: [65], acked: 3, wallTime: 999)),
                .page(StatePage(index: 7, bytes: [9])), .journal(commit: 1, bytes: [1, 2, 3]),
            ])
        #expect(try events(of: again).map(\.seq) == [1, 2, 3, 4, 5])
        #expect(try again.blocks(after: 0, maxBytes: 1 << 20).map(\.bytes) == commit.blocks.map(\.bytes))
    }

    /// Two subjects of one id in two slots: the database refuses the last row of a commit that has written everything else.
    @Test
    func aCommitThatFailsInTheMiddleLeavesNothing() throws {
        let store = try place.open()
        try store.append(
            Commit(number: 1, blocks: [block(1, count: 2)], journal: [1], pages: [StatePage(index: 0, bytes: [1])], wallTime: 0))
        let before = try Recovery(of: store)
        let bad = Commit(
            number: 2, blocks: [block(3, count: 2)], journal: [2],
            pages: [StatePage(index: 0, bytes: [2]), StatePage(index: 1, bytes: [2])],
            journalNeededFrom: 2, register: [.put(subject(1, "same")), .put(subject(2, "same"))],
            signOffs: [SignOff(hash: 1, time: 1, until: 1)], cursors: [.set(Cursor(name: [65], acked: 1, wallTime: 0))], wallTime: 0)
        let fault = #expect(throws: StoreFault.self) { try store.append(bad) }
        guard case .refused = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        #expect(store.head == LogHead(commit: 1, seq: 2))
        #expect(try Recovery(of: store) == before)
        #expect(try events(of: store).count == 2)

        // A fault of the program does not pass: later commits are refused, and the next start checks the file.
        #expect(throws: try #require(fault)) { try store.append(Commit(number: 2, wallTime: 0)) }
        #expect(throws: try #require(fault)) { try store.close() }
        let again = try place.open()
        #expect(!again.wasClean)
        #expect(try Recovery(of: again) == before)
    }

    @Test
    func aLockPassesAndTheSameCommitGoesThrough() throws {
        let store = try place.open(busyTimeout: 0)
        try store.append(Commit(number: 1, journal: [1], wallTime: 0))
        let commit = Commit(number: 2, blocks: [block(1, count: 1)], journal: [2], wallTime: 0)
        try place.whileAnotherWrites {
            #expect(throws: StoreFault.locked(path: place.database)) { try store.append(commit) }
            #expect(store.head == LogHead(commit: 1, seq: 0))
        }
        try store.append(commit)
        #expect(store.head == LogHead(commit: 2, seq: 1))
    }

    @Test
    func theHeadSurvivesWithoutEvents() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, blocks: [block(1, count: 9)], wallTime: 0))
        try store.append(Commit(number: 2, wallTime: 0))
        try store.append(Commit(number: 3, journalNeededFrom: 3, wallTime: 0))
        try store.close()
        let again = try place.open()
        #expect(again.head == LogHead(commit: 3, seq: 9))
        #expect(try Recovery(of: again).items == [.journal(commit: 3, bytes: [])])
        try again.append(Commit(number: 4, blocks: [block(10, count: 1)], wallTime: 0))
        #expect(again.head == LogHead(commit: 4, seq: 10))
    }

    /// `journalNeededFrom` takes effect at once for recovery, even though the rows go a few at a time.
    @Test
    func journalsAreTrimmed() throws {
        let store = try place.open()
        for number in Int64(1)...100 {
            try store.append(Commit(number: number, journal: Array(repeating: UInt8(number), count: 5000), wallTime: 0))
        }
        let full = try Recovery(of: store)
        #expect(full.items.count == 100)
        try store.append(Commit(number: 101, journal: [101], journalNeededFrom: 99, wallTime: 0))
        #expect(try Recovery(of: store).items == full.items.suffix(2) + [.journal(commit: 101, bytes: [101])])
        let before = try FileManager.default.attributesOfItem(atPath: place.database)[.size] as? Int
        for number in Int64(102)...200 {
            let journal = Array(repeating: UInt8(number), count: 5000)
            try store.append(Commit(number: number, journal: journal, journalNeededFrom: number - 2, wallTime: 0))
        }
        let recovery = try Recovery(of: store)
        #expect(recovery.items.count == 3)
        try store.close()
        let after = try FileManager.default.attributesOfItem(atPath: place.database)[.size] as? Int
        // The space of those that went was used again: without that, 99 journals of two pages each had come on top.
        let room = 260 * 4096
        #expect(max(before ?? .max, room) >= after ?? .max)
        #expect(try Recovery(of: place.open()) == recovery)
    }

    @Test
    func deletedJournalsAreOverwritten() throws {
        let store = try place.open()
        let secret = Array("the user called Ariadne was here".utf8)
        try store.append(Commit(number: 1, journal: secret + Array(repeating: 0, count: 20_000) + secret, wallTime: 0))
        for number in Int64(2)...4 { try store.append(Commit(number: number, journalNeededFrom: number, wallTime: 0)) }
        try store.close()
        let bytes = Data(try place.bytes())
        #expect(bytes.range(of: Data(secret)) == nil)
    }

    @Test
    func signOffsThatAreOverGoInTime() throws {
        let store = try place.open()
        let kept = SignOff(hash: 2, time: 0, until: 100_000)
        try store.append(Commit(number: 1, signOffs: [SignOff(hash: 1, time: 0, until: 50), kept], wallTime: 0))
        #expect(try Recovery(of: store).items.count == 3)
        for number in Int64(2)...64 { try store.append(Commit(number: number, journalNeededFrom: number, wallTime: 51)) }
        #expect(try Recovery(of: store).items == [.signOff(kept), .journal(commit: 64, bytes: [])])
    }

    /// Limits that come, change, and are no more.
    @Test
    func aSignOffIsReplacedWithItsLimits() throws {
        let store = try place.open()
        for (index, count) in [0, 3, 5000, 0].enumerated() {
            let limits = Array(repeating: UInt8(9), count: count)
            let signOff = SignOff(hash: 4, time: Int64(index), until: 100, limits: limits)
            let number = Int64(index) + 1
            try store.append(Commit(number: number, journalNeededFrom: number, signOffs: [signOff], wallTime: 0))
            #expect(try Recovery(of: store).items == [.signOff(signOff), .journal(commit: number, bytes: [])])
        }
    }

    @Test
    func aSubjectIsReplacedAndRemoved() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, register: [.put(subject(1, "a", kind: "k")), .put(subject(2, "b"))], wallTime: 0))
        try store.append(Commit(number: 2, register: [.put(subject(1, "c")), .remove(slot: 2), .remove(slot: 9)], wallTime: 0))
        #expect(try store.subjects(after: nil, limit: 10, kind: nil) == [subject(1, "c")])
        try store.append(Commit(number: 3, register: [.remove(slot: 1), .put(subject(5, "c"))], wallTime: 0))
        #expect(try store.subjects(after: nil, limit: 10, kind: nil) == [subject(5, "c")])
    }
}
