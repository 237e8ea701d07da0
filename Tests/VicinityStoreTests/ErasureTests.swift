// A user is taken out of the log: what is left of the events, and what is left of the bytes.

import Foundation
import Testing
import VicinityCore
import VicinityStore

@Suite("Erasure")
struct ErasureTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    @Test("Both stores take a user out of the same events, whatever comes between the steps, and count them", arguments: UInt64(0)..<12)
    func comparison(seed: UInt64) throws {
        var scene = CanaryScene(seed: seed)
        let store = try place.open()
        let truth = memoryStore()
        for commit in scene.past(60) { try append(commit, store, truth) }
        let begin = scene.begin()
        try append(begin, store, truth)
        let before = try events(of: truth)
        for store in [store, truth] as [any LogStore] {
            var done: [Erasure] = []
            while done.isEmpty { if case .done(let erasures) = try store.erase() { done = erasures } }
            let count = before.count { $0.user == scene.canary }
            #expect(done.map(\.events) == [Int64(count)] && done[0].user == nil && done[0].request == scene.request)
            #expect(try store.erase() == .idle)
        }
        let expected = before.map { event in
            var event = event
            if event.user == scene.canary { event.user = nil }
            return event
        }
        #expect(try events(of: store) == expected && events(of: truth) == expected)
        #expect(try store.block(containing: 1)?.firstSeq == truth.block(containing: 1)?.firstSeq)
        try append(scene.end(), store, truth)
        #expect(store.erasures.isEmpty && truth.erasures.isEmpty)
        try store.close()
        #expect(try events(of: place.open()).prefix(expected.count) == expected[...])
    }

    @Test(
        "Afterwards the id and what stood beside it are nowhere in the directory, whatever was moved, and after a crash anywhere",
        arguments: UInt64(0)..<24)
    func bytes(seed: UInt64) throws {
        var scene = CanaryScene(seed: seed)
        var here = place
        var store = try here.open()
        for commit in scene.past(Int.random(in: 30...300, using: &scene.random)) {
            try store.append(commit)
            if Int.random(in: 0..<20, using: &scene.random) == 0 { _ = try store.retain(Retention(beforeSeq: scene.someSeq())) }
        }
        #expect(try scene.traces(in: here) > 0, "there is nothing to be erased")
        try store.append(scene.begin())
        var done: [Erasure] = []
        while done.isEmpty {
            switch Int.random(in: 0..<8, using: &scene.random) {
            case 0: try store.append(scene.present())
            case 1: _ = try store.retain(Retention(beforeSeq: scene.someSeq()))
            case 2:
                here = try here.crashed(in: place)
                store = try here.open()
            case 3: try OtherProgram(here).run("PRAGMA wal_checkpoint(PASSIVE)")
            default: if case .done(let erasures) = try store.erase() { done = erasures }
            }
        }
        #expect(try scene.traces(in: here) == 0, "told, but not done")
        try store.append(scene.end())
        for _ in 0..<20 { try store.append(scene.present()) }
        #expect(try scene.traces(in: here) == 0, "a cache brings it back")
        try store.close()
        #expect(try scene.traces(in: here) == 0)
        #expect(try here.open().erasures.isEmpty)
        let complaints = try Inspection(directory: here.path).integrity()
        #expect(complaints.isEmpty, "\(complaints)")
    }

    @Test("So it is where the WAL is copied beside the commits", arguments: [UInt64(1)])
    func besideCopies(seed: UInt64) throws {
        var scene = CanaryScene(seed: seed)
        let store = try place.open(copying: .beside)
        // Some sixty of them make a copy.
        func long(_ commit: Commit) -> Commit {
            var commit = commit
            commit.journal += Array(repeating: 7, count: 256 << 10)
            return commit
        }
        for commit in scene.past(100) { try store.append(long(commit)) }
        #expect(try scene.traces(in: place) > 0, "there is nothing to be erased")
        try store.append(scene.begin())
        var done = false
        while !done {
            switch Int.random(in: 0..<40, using: &scene.random) {
            case 0: try store.append(long(scene.present()))
            case 1..<6: try store.append(scene.present())
            default: break
            }
            if case .done = try store.erase() { done = true }
        }
        #expect(try scene.traces(in: place) == 0, "told, but not done")
        try store.append(scene.end())
        for _ in 0..<20 { try store.append(long(scene.present())) }
        try store.close()
        #expect(try scene.traces(in: place) == 0)
        #expect(try Inspection(directory: place.path).integrity().isEmpty)
    }

    @Test("What SQLite leaves where cells have moved away is overwritten, and every page holds what it held")
    func gaps() throws {
        var scene = CanaryScene(seed: 5)
        var store = try place.open()
        for commit in scene.past(40) { try store.append(commit) }
        try store.append(scene.begin())
        try store.close()
        // Between the cells and the list of them, as rebuilt pages have it.
        var file = try place.bytes()
        var planted = 0
        for page in stride(from: 4096, to: file.count, by: 4096) where file[page] == 13 {
            let listEnd = page + 8 + 2 * (Int(file[page + 3]) << 8 | Int(file[page + 4]))
            let content = page + (Int(file[page + 5]) << 8 | Int(file[page + 6]))
            guard content - listEnd >= scene.canary.count else { continue }
            file.replaceSubrange(content - scene.canary.count..<content, with: scene.canary)
            planted += 1
        }
        #expect(planted > 2)
        try place.write(file)
        store = try place.open()
        let before = try Recovery(of: store)
        while true { if case .done = try store.erase() { break } }
        #expect(try scene.traces(in: place) == 0)
        #expect(try Recovery(of: store) == before)
        #expect(try Inspection(directory: place.path).integrity().isEmpty)
    }

    @Test("Somebody who reads an older state is waited for, and commits go on meanwhile")
    func reader() throws {
        var scene = CanaryScene(seed: 3)
        let store = try place.open()
        for commit in scene.past(20) { try store.append(commit) }
        let other = try OtherProgram(place)
        other.run("BEGIN; SELECT count(*) FROM blocks")
        try store.append(scene.begin())
        var waits = 0
        let start = ContinuousClock.now
        while waits < 5 { if try store.erase() == .waitsForReaders { waits += 1 } }
        #expect(start.duration(to: .now) < .seconds(4), "a wait holds commits up")
        try store.append(scene.present())
        #expect(try scene.traces(in: place) > 0)
        other.run("COMMIT")
        var done = false
        while !done { if case .done = try store.erase() { done = true } }
        #expect(try scene.traces(in: place) == 0)
    }

    @Test("One that is begun while others are under way waits for the next round; one whose user comes back leaves the new events alone")
    func rounds() throws {
        var scene = CanaryScene(seed: 9)
        let store = try place.open()
        for commit in scene.past(20) { try store.append(commit) }
        try store.append(scene.begin())
        #expect(try store.erase() == .more)
        // The same id, anew.
        try store.append(scene.returning())
        try store.append(scene.begin())
        #expect(store.erasures.count == 2)
        var told: [[Int64]] = []
        while told.count < 1 { if case .done(let erasures) = try store.erase() { told.append(erasures.map(\.number)) } }
        #expect(try events(of: store).count { $0.user == scene.canary } == 3)
        var end = scene.present()
        end.erasures = [.end(number: told[0][0])]
        try store.append(end)
        while told.count < 2 {
            if case .done(let erasures) = try store.erase() {
                told.append(erasures.map(\.number))
                #expect(erasures.map(\.events) == [3])
            }
        }
        #expect(told.map(\.count) == [1, 1] && told[0] != told[1])
        #expect(try events(of: store).allSatisfy { $0.user != scene.canary })
    }

    private func append(_ commit: Commit, _ stores: any LogStore...) throws { for store in stores { try store.append(commit) } }
}

/// Commits in which a user stands in every place that may name one, and others in which nobody does.
struct CanaryScene {
    var random: Seeded
    let canary: [UInt8]
    /// What stands in journals and pages beside the id, or without it.
    private let position: [UInt8]
    let request = Erasure.Request(user: 17, peer: AuditEntry.Peer(uid: 1, gid: 2, pid: 3))
    private let style: Int
    private let pages: Int
    private var number: Int64 = 1
    private var seq: Int64 = 1
    private var reports: Int64 = 0
    private var begun: Int64 = 0

    init(seed: UInt64) {
        var random = Seeded(seed)
        let letters = Array("abcdefghijklmnopqrstuvwxyz".utf8)
        // Ids that are stored in a record, and longer ones.
        canary = (0..<[12, 15, 40, 128][Int(seed % 4)]).map { _ in letters[Int.random(in: 0..<26, using: &random)] }
        position = random.bytes(8)
        style = [100, 400, 1500, 3000, 9000].randomElement(using: &random) ?? 400
        pages = [1, 5, 30, 60].randomElement(using: &random) ?? 1
        self.random = random
    }

    /// Commits before the user is to be forgotten.
    mutating func past(_ count: Int) -> [Commit] {
        (0..<count).map { _ in
            var commit = present(withCanary: true)
            if commit.number > 40, Bool.random(using: &random) { commit.journalNeededFrom = commit.number - 30 }
            return commit
        }
    }

    mutating func present() -> Commit { present(withCanary: false) }

    private mutating func present(withCanary: Bool) -> Commit {
        var commit = Commit(number: number, wallTime: 1_700_000_000_000 + number)
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            commit.blocks.append(block(of: withCanary ? canary : nil, count: Int.random(in: 1...30, using: &random)))
        }
        commit.journal = state(withCanary)
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            commit.pages.append(StatePage(index: Int.random(in: 0..<pages, using: &random), bytes: state(withCanary)))
        }
        if withCanary, Int.random(in: 0..<6, using: &random) == 0 {
            reports += 1
            let text = String(decoding: canary, as: UTF8.self)
            commit.reports = [
                .create(
                    ReportRow(
                        number: reports, wallTime: commit.wallTime, user: canary, subject: [1], kind: "tip", text: "I am \(text)",
                        countsUntil: nil))
            ]
        }
        number += 1
        return commit
    }

    /// The user is to be forgotten; pages as of this commit follow with it.
    mutating func begin() -> Commit {
        var commit = present(withCanary: false)
        commit.pages = (0..<pages).map { StatePage(index: $0, bytes: state(false)) }
        commit.journalNeededFrom = commit.number
        commit.reports = [.anonymise(user: canary)]
        begun = commit.number
        let erasure = Erasure(number: begun, user: canary, request: request, through: seq - 1, commit: commit.number)
        commit.erasures = [.begin(erasure)]
        return commit
    }

    /// Three events of somebody who has the id.
    mutating func returning() -> Commit {
        let commit = Commit(number: number, blocks: [block(of: canary, count: 3)], wallTime: 1_700_000_000_000 + number)
        number += 1
        return commit
    }

    mutating func end() -> Commit {
        var commit = present(withCanary: false)
        commit.erasures = [.end(number: begun)]
        return commit
    }

    /// A block in which some events are of a user, and the others of somebody.
    mutating func block(of user: [UInt8]?, count: Int) -> EventBlock {
        var builder = EventBlockBuilder(firstSeq: seq)
        for _ in 0..<count {
            let someone = Array("u-\(Int.random(in: 0..<9, using: &random))".utf8)
            let isUser = user != nil && (count == 3 || Bool.random(using: &random))
            builder.append(
                Event(
                    seq: seq, time: 1_700_000_000_000, change: .enter(.user, .within(500)), user: isUser ? user : someone,
                    subject: Array("s".utf8), kind: nil))
            seq += 1
        }
        return builder.finish() ?? EventBlock(firstSeq: seq, count: 0, bytes: [])
    }

    private mutating func state(_ withCanary: Bool) -> [UInt8] {
        var bytes = random.bytes(Int.random(in: 1...style, using: &random))
        guard withCanary, Bool.random(using: &random) else { return bytes }
        bytes.insert(
            contentsOf: Bool.random(using: &random) ? canary + position : position, at: Int.random(in: 0..<bytes.count, using: &random))
        return bytes
    }

    mutating func someSeq() -> Int64 { Int64.random(in: 1...max(1, seq - 20), using: &random) }

    /// How often the id or what stood beside it is found in the files of a directory.
    func traces(in place: Workplace) throws -> Int {
        try place.listing().values.reduce(0) { sum, file in
            sum + [canary, position].reduce(0) { $0 + file.bytes.count(of: Data($1)) }
        }
    }
}

extension Data {
    func count(of pattern: Data) -> Int {
        var count = 0
        var start = startIndex
        while let found = range(of: pattern, in: start..<endIndex) {
            count += 1
            start = found.upperBound
        }
        return count
    }
}
