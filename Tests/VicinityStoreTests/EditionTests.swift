// Editions of the register: brought in pieces, swapped in one commit, and gone in small steps.

import Foundation
import GRDB
import Synchronization
import Testing
import VicinityCore
import VicinityStore

extension Workplace {
    /// How many rows of the register lie in the file, of whatever generation.
    func registerRows() throws -> Int {
        let queue = try DatabaseQueue(path: database)
        defer { try? queue.close() }
        return try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM subjects") ?? 0 }
    }
}

extension SubjectRow {
    fileprivate func named(_ name: String) -> SubjectRow {
        var row = self
        row.name = name
        return row
    }
}

struct EditionTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    /// What recovery gives of the register.
    private func register(of store: some LogStore) throws -> [Recovered] {
        try Recovery(of: store).items.filter { item in
            switch item {
            case .subject, .swap, .departing: true
            case .precision, .suspension, .signOff, .cursor, .reported, .audited, .report, .page, .journal: false
            }
        }
    }

    private func sweep(_ store: SQLiteStore) throws {
        while try !store.retain(Retention()).isSwept {}
    }

    /// Both stores: nothing is seen of an edition until it is swapped in, and then everything at once.
    @Test
    func anEditionIsStagedSwappedAndSettled() throws {
        try runThrough(place.open())
        try runThrough(memoryStore())
    }

    private func runThrough(_ store: some LogStore & RegisterReader) throws {
        let (stays, goes, comes) = (subject(1, "stays"), subject(2, "goes", kind: "toll"), subject(3, "comes", kind: "toll"))
        var number: Int64 = 0
        func append(_ edition: [EditionChange], register: [RegisterChange] = []) throws {
            number += 1
            try store.append(Commit(number: number, register: register, edition: edition, wallTime: 0))
        }
        try append([], register: [.put(stays), .put(goes)])
        try append([.begin, .put(stays.named("new")), .put(comes), .put(subject(9, "wrong"))])
        #expect(try register(of: store) == [.subject(stays), .subject(goes)])
        #expect(try store.subject(id: Array("comes".utf8)) == nil)
        #expect(try store.subjects(after: nil, limit: 9, kind: nil) == [goes, stays])

        // Meanwhile both change, and what is removed may be put again.
        try append([.remove(slot: 9), .remove(slot: 77), .put(comes.named("again"))], register: [.put(stays.named("changed"))])
        #expect(try register(of: store) == [.subject(stays.named("changed")), .subject(goes)])

        // What a commit with a swap does to the register comes before the swap.
        try append([.swap(at: 1234)], register: [.put(goes.named("last"))])
        let live: [Recovered] = [.subject(stays.named("new")), .subject(comes.named("again"))]
        #expect(try register(of: store) == live + [.swap(at: 1234), .departing(goes.named("last"))])
        #expect(try store.subject(id: Array("goes".utf8)) == nil)
        #expect(try store.subject(id: Array("stays".utf8)) == stays.named("new"))
        #expect(try store.subjects(after: nil, limit: 9, kind: nil) == [comes.named("again"), stays.named("new")])
        #expect(try store.subjects(after: nil, limit: 9, kind: Array("toll".utf8)) == [comes.named("again")])

        // It goes on with the live one; the next edition may be staged before the swap is settled.
        try append([.begin, .put(subject(4, "next"))], register: [.put(subject(5, "put"))])
        #expect(try register(of: store) == live + [.subject(subject(5, "put")), .swap(at: 1234), .departing(goes.named("last"))])
        // Who is put again departs no more.
        try append([], register: [.put(goes)])
        #expect(try register(of: store).suffix(2) == [.subject(subject(5, "put")), .swap(at: 1234)])
        try append([.settled], register: [.remove(slot: 2)])
        #expect(try register(of: store) == live + [.subject(subject(5, "put"))])
        try append([.discard, .settled])
        #expect(try register(of: store) == live + [.subject(subject(5, "put"))])
        // All in one commit; of two that are begun the second counts.
        try append([.begin, .put(subject(8, "first")), .begin, .put(subject(6, "whole")), .swap(at: 5), .settled])
        #expect(try register(of: store) == [.subject(subject(6, "whole"))])
    }

    @Test
    func anIDIsUniqueInAnEdition() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, register: [.put(subject(1, "same"))], edition: [.begin, .put(subject(1, "same"))], wallTime: 0))
        let before = try Recovery(of: store)
        let fault = #expect(throws: StoreFault.self) {
            try store.append(Commit(number: 2, edition: [.put(subject(2, "same")), .swap(at: 1)], wallTime: 0))
        }
        guard case .refused = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        #expect(try Recovery(of: store) == before)
    }

    /// Garbage goes a few rows at a time, and nothing else does.
    @Test
    func garbageGoesInSmallSteps() throws {
        let store = try place.open()
        let rows = (UInt32(0)..<1000).map { subject($0, "s-\($0)", kind: "toll") }
        try store.append(Commit(number: 1, register: rows.prefix(300).map { .put($0) }, wallTime: 0))
        try store.append(Commit(number: 2, edition: [.begin] + rows.map { .put($0) } + [.discard], wallTime: 0))
        try store.append(Commit(number: 3, edition: [.begin] + rows.prefix(10).map { .put($0) }, wallTime: 0))
        #expect(try place.registerRows() == 1310)
        for (left, isSwept) in [(1054, false), (798, false), (542, false), (310, true), (310, true)] {
            #expect(try store.retain(Retention()) == RetentionStep(oldest: 1, removed: 0, isDone: true, isSwept: isSwept))
            #expect(try place.registerRows() == left)
        }
        try store.append(Commit(number: 4, edition: [.swap(at: 1)], wallTime: 0))
        try sweep(store)
        #expect(try place.registerRows() == 310)
        #expect(try register(of: store).count == 10 + 1 + 290)
        try store.append(Commit(number: 5, edition: [.settled], wallTime: 0))
        try sweep(store)
        #expect(try place.registerRows() == 10)
        #expect(try store.subjects(after: nil, limit: 1000, kind: nil) == Array(rows.prefix(10)))
    }

    /// As many pages for ten subjects as for thousands.
    @Test
    func aSwapWritesAFewPages() throws {
        let store = try place.open()
        let rows = (UInt32(0)..<5000).map { subject($0, "s-\($0)", kind: "toll") }
        try store.append(Commit(number: 1, register: rows.map { .put($0) }, wallTime: 0))
        try store.append(Commit(number: 2, edition: [.begin] + rows.map { .put($0) }, wallTime: 0))
        let before = try place.bytes("-wal").count
        try store.append(Commit(number: 3, edition: [.swap(at: 1)], wallTime: 0))
        try store.append(Commit(number: 4, edition: [.settled], wallTime: 0))
        let written = try place.bytes("-wal").count - before
        #expect(written > 0 && written < 20 * 4096, "\(written) bytes")
    }

    /// Each page of the register is of one edition, whatever is swapped meanwhile.
    @Test
    func readersSeeOneEdition() async throws {
        let store = try place.open()
        func edition(_ number: Int64) -> [EditionChange] {
            [.begin] + (UInt32(0)..<50).map { .put(subject($0, "s-\($0)").named("edition \(number)")) } + [.swap(at: number), .settled]
        }
        try store.append(Commit(number: 1, edition: edition(1), wallTime: 0))
        let isDone = Mutex(false)
        async let writer = Task.detached { () throws -> Int64 in
            var number: Int64 = 1
            while !isDone.withLock({ $0 }) || number < 20 {
                number += 1
                try store.append(Commit(number: number, edition: edition(number), wallTime: 0))
                _ = try store.retain(Retention())
            }
            return number
        }.value
        for _ in 0..<300 {
            let page = try store.subjects(after: nil, limit: 100, kind: nil)
            #expect(page.count == 50 && Set(page.map(\.name)).count == 1)
            #expect(try store.subject(id: Array("s-7".utf8)) != nil)
        }
        isDone.withLock { $0 = true }
        let last = try await writer
        #expect(try store.subject(id: Array("s-7".utf8))?.name == "edition \(last)")
    }

    /// After each commit and each step of retention a crash leaves the state of that commit, without what was staged.
    @Test
    func aCrashBetweenAnyTwoCommits() throws {
        let store = try place.open()
        let truth = memoryStore()
        let rows = (UInt32(0)..<300).map { subject($0, "s-\($0)", kind: $0 % 2 == 0 ? "toll" : nil) }
        let steps: [(register: [RegisterChange], edition: [EditionChange], rows: Int)] = [
            (rows.prefix(200).map { .put($0) }, [], 200),
            ([], [.begin], 200),
            ([], rows[100..<200].map { .put($0.named("new")) }, 200),
            ([.remove(slot: 150)], [.remove(slot: 150)] + rows[200..<300].map { .put($0) }, 199),
            ([], [.swap(at: 77)], 199 + 199),
            ([.put(rows[5])], [.begin, .put(rows[0])], 200 + 199),
            ([], [.settled], 200),
            ([], [.put(rows[1]), .swap(at: 78)], 2 + 200),
            ([], [.settled], 2),
        ]
        for (index, step) in steps.enumerated() {
            let commit = Commit(number: Int64(index) + 1, register: step.register, edition: step.edition, wallTime: 0)
            try store.append(commit)
            try truth.append(commit)
            for isSwept in [false, true] {
                if isSwept { _ = try store.retain(Retention()) }
                let copy = try place.crashed()
                let crashed = try copy.open()
                #expect(try Recovery(of: crashed) == Recovery(of: truth), "commit \(commit.number)")
                try sweep(crashed)
                #expect(try Recovery(of: crashed) == Recovery(of: truth), "commit \(commit.number), swept")
                #expect(try copy.registerRows() == step.rows, "commit \(commit.number)")
                // An edition that was staged is not there any more: the next one begins without its rows.
                let next = [EditionChange.begin, .put(rows[9]), .settled, .swap(at: 9), .settled]
                try crashed.append(Commit(number: commit.number + 1, edition: next, wallTime: 0))
                #expect(try register(of: crashed) == [.subject(rows[9])])
                try crashed.close()
            }
        }
    }

    /// A backup holds the live edition and what departs; what was staged is garbage once it is opened.
    @Test
    func aBackupHoldsTheLiveEdition() throws {
        let store = try place.open()
        let rows = (UInt32(0)..<20).map { subject($0, "s-\($0)") }
        try store.append(
            Commit(
                number: 1, register: rows.prefix(10).map { .put($0) },
                edition: [.begin] + rows[5..<20].map { .put($0) } + [.swap(at: 3), .begin, .put(rows[0])], wallTime: 0))
        let expected = try Recovery(of: store)
        #expect(expected.items.count == 15 + 1 + 5 + 1)
        let target = try place.another()
        _ = try SQLiteStore.backUp(directory: place.path, to: target.database)
        let opened = try target.open()
        #expect(try Recovery(of: opened) == expected)
        #expect(try target.registerRows() == 26)
        try sweep(opened)
        #expect(try target.registerRows() == 25)
        #expect(try Recovery(of: opened) == expected)
    }

    /// Where `meta` does not say which edition is live, a start is refused, and who only looks takes the likeliest.
    @Test(arguments: ["generation", "newest_generation", "staged_generation", "departing_generation", "swap"])
    func anEntryThatIsNotAsItWasWritten(key: String) throws {
        let store = try place.open()
        let rows = (UInt32(0)..<20).map { subject($0, "s-\($0)") }
        try store.append(
            Commit(
                number: 1, register: rows.prefix(10).map { .put($0) },
                edition: [.begin] + rows[5..<20].map { .put($0) } + [.swap(at: 3), .begin, .put(rows[0])], wallTime: 0))
        let expected = try Recovery(of: store).items
        let spoiled = try place.crashed()
        let queue = try DatabaseQueue(path: spoiled.database)
        try queue.write { database in
            try database.execute(sql: "UPDATE meta SET checksum = checksum + 1 WHERE key = ?", arguments: [key])
            #expect(database.changesCount == 1)
        }
        try queue.close()
        let fault = StoreFault.damaged(path: spoiled.database, what: "the entry \(key) does not say what was written there")
        var found: [Recovered] = []
        var faults: [StoreFault] = []
        func take(_ piece: Result<Recovered, StoreFault>) {
            switch piece {
            case .success(let piece): found.append(piece)
            case .failure(let fault): faults.append(fault)
            }
        }
        try Inspection(directory: spoiled.path).forEach(take)
        #expect(faults == [fault])
        let isSwapKnown = !["departing_generation", "swap"].contains(key)
        let isLiveKnown = key != "generation"
        #expect(found.first == expected.first)
        if isSwapKnown && isLiveKnown { #expect(found == expected) }
        if isSwapKnown && !isLiveKnown { #expect(found == expected) }
        if !isSwapKnown { #expect(found == Array(expected.prefix(15)) + [.journal(commit: 1, bytes: [])]) }
        #expect(throws: fault) { try spoiled.open() }
    }

    /// An edition cannot depart without a swap, nor be two things.
    @Test(arguments: ["DELETE FROM meta WHERE key = 'swap'", "DELETE FROM meta WHERE key = 'newest_generation'"])
    func entriesThatContradictEachOther(sql: String) throws {
        let store = try place.open()
        try store.append(Commit(number: 1, edition: [.begin, .swap(at: 3)], wallTime: 0))
        let spoiled = try place.crashed()
        let queue = try DatabaseQueue(path: spoiled.database)
        try queue.write { database in try database.execute(sql: sql) }
        try queue.close()
        let fault = #expect(throws: StoreFault.self) { try spoiled.open() }
        guard case .damaged(spoiled.database, _) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }
}
