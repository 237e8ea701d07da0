// Readers beside the writer, and the register in pages.

import Testing
import VicinityCore
import VicinityStore

struct ReadingTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    /// Blocks of 1 to 4 events; every start and every size of a step gives the same events.
    @Test
    func blocksAfterAnySeq() throws {
        let store = try place.open()
        let truth = memoryStore()
        var seq: Int64 = 1
        for number in Int64(1)...20 {
            let made = block(seq, count: Int(number % 4) + 1)
            seq = made.lastSeq + 1
            let commit = Commit(number: number, blocks: [made], wallTime: 0)
            try store.append(commit)
            try truth.append(commit)
        }
        for after in Int64(0)...seq {
            let expected = Array(max(after + 1, 1)..<max(seq, after + 1))
            for maxBytes in [1, 1 << 20] {
                #expect(try events(of: store, after: after, maxBytes: maxBytes).map(\.seq) == expected)
                #expect(try events(of: truth, after: after, maxBytes: maxBytes).map(\.seq) == expected)
            }
            let holding = try store.block(containing: after + 1)
            #expect(holding.map { ($0.firstSeq...$0.lastSeq).contains(after + 1) } ?? (after + 1 >= seq))
            #expect(try truth.block(containing: after + 1)?.firstSeq == holding?.firstSeq)
        }
        #expect(try store.block(containing: 0) == nil)
        #expect(try store.blocks(after: 0, maxBytes: 1).count == 1)
        #expect(try store.blocks(after: 0, maxBytes: 1 << 20).count == 20)
    }

    @Test func newestBlocksBackToATime() throws {
        let store = try place.open()
        let truth = memoryStore()
        for number in Int64(1)...6 {
            let commit = Commit(number: number, blocks: [block(number, count: 1)], wallTime: number * 10)
            try store.append(commit)
            try truth.append(commit)
        }
        for target in [store, truth] as [any LogStore] {
            #expect(try target.blocks(committedSince: 35, maxBytes: 1 << 20).map(\.wallTime) == [40, 50, 60])
            #expect(try target.blocks(committedSince: 40, maxBytes: 1 << 20).map(\.block.firstSeq) == [4, 5, 6])
            #expect(try target.blocks(committedSince: 0, maxBytes: 1).map(\.wallTime) == [60])
            #expect(try target.blocks(committedSince: 61, maxBytes: 1 << 20).isEmpty)
        }
    }

    @Test
    func oldestOfAnEmptyLogIsOnePastItsHead() throws {
        let store = try place.open()
        #expect(try store.oldest() == 1)
        try store.append(Commit(number: 1, wallTime: 0))
        #expect(try store.oldest() == 1)
        try store.append(Commit(number: 2, blocks: [block(1, count: 4)], wallTime: 0))
        #expect(try store.oldest() == 1)
        #expect(store.head.seq == 4)
    }

    /// Recovery is one snapshot: what is committed while it streams is not in it.
    @Test
    func aReaderStaysAtItsCommit() throws {
        let store = try place.open()
        for number in Int64(1)...3 {
            try store.append(Commit(number: number, blocks: [block(number, count: 1)], journal: [UInt8(number)], wallTime: 0))
        }
        var next: Int64 = 4
        var journals: [Int64] = []
        let head = try store.recover { item in
            guard case .journal(let commit, _) = item else { return }
            journals.append(commit)
            try store.append(Commit(number: next, blocks: [block(next, count: 1)], journal: [9], journalNeededFrom: next, wallTime: 0))
            next += 1
        }
        #expect(journals == [1, 2, 3])
        #expect(head == LogHead(commit: 3, seq: 3))
        #expect(store.head == LogHead(commit: 6, seq: 6))
        #expect(try events(of: store).count == 6)
    }

    /// Each commit brings two blocks, so that an odd number of blocks would be half a commit.
    @Test
    func readersSeeWholeCommitsWhileTheWriterWrites() async throws {
        let store = try place.open()
        let commits: Int64 = 150
        try await withThrowingTaskGroup(of: Int64.self) { group in
            group.addTask {
                for number in 1...commits {
                    let first = (number - 1) * 6 + 1
                    let blocks = [block(first, count: 2), block(first + 2, count: 4)]
                    try store.append(Commit(number: number, blocks: blocks, journal: [1], journalNeededFrom: number, wallTime: 0))
                }
                return commits * 6
            }
            group.addTask {
                var last: Int64 = 0
                while last < commits * 6 {
                    let blocks = try store.blocks(after: 0, maxBytes: .max)
                    #expect(blocks.count.isMultiple(of: 2))
                    let seq = blocks.last?.lastSeq ?? 0
                    #expect(seq >= last)
                    last = seq
                    await Task.yield()
                }
                return last
            }
            for try await seq in group { #expect(seq == commits * 6) }
        }
    }

    @Test
    func theSinkCanEndRecovery() throws {
        struct Refused: Error {}
        let store = try place.open()
        try store.append(Commit(number: 1, journal: [1], wallTime: 0))
        let fault = #expect(throws: StoreFault.self) { try store.recover { _ in throw Refused() } }
        guard case .damaged(place.database, _) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        try store.append(Commit(number: 2, wallTime: 0))
    }
}

struct RegisterTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    /// Ids in the order of their bytes, which is neither that of letters nor that of numbers.
    private let ids = ["z", "Z", "é", "a", "aa", "a-10", "a-9", "日本", "\u{7f}", "~", "0"]

    private func filled() throws -> (SQLiteStore, MemoryStore) {
        let store = try place.open()
        let truth = memoryStore()
        let puts = ids.enumerated().map { index, id in
            RegisterChange.put(subject(UInt32(index), id, kind: ["toll", "shop", nil][index % 3]))
        }
        for target in [store, truth] as [any LogStore] { try target.append(Commit(number: 1, register: puts, wallTime: 0)) }
        return (store, truth)
    }

    @Test(arguments: [1, 2, 3, 100], [nil, "toll", "shop", "none"])
    func pagesAreOrderedByBytes(limit: Int, kind: String?) throws {
        let (store, truth) = try filled()
        let kindBytes = kind.map { Array($0.utf8) }
        var found: [[UInt8]] = []
        var after: [UInt8]?
        while true {
            let page = try store.subjects(after: after, limit: limit, kind: kindBytes)
            #expect(try truth.subjects(after: after, limit: limit, kind: kindBytes) == page)
            #expect(page.count <= limit)
            guard let last = page.last else { break }
            found += page.map(\.id)
            after = last.id
        }
        let matching = ids.enumerated().filter { index, _ in kind == nil || ["toll", "shop", nil][index % 3] == kind }
        #expect(found == matching.map { Array($0.element.utf8) }.sorted { $0.lexicographicallyPrecedes($1) })
    }

    @Test
    func oneSubjectByItsID() throws {
        let (store, _) = try filled()
        #expect(try store.subject(id: Array("a-10".utf8))?.slot == 5)
        #expect(try store.subject(id: Array("a-1".utf8)) == nil)
        #expect(try store.subject(id: []) == nil)
    }

    @Test
    func everyFieldComesBackAsItWasPut() throws {
        let store = try place.open()
        var row = subject(.max, "full", kind: "toll")
        row.latitude = -0.0
        row.longitude = 179.99999999999997
        row.precision = 0.1
        row.name = "Näme \u{1F68C}"
        row.details = #"{"a":[1,2,{"b":null}],"c":1e400}"#
        row.validFrom = 0
        row.validUntil = 1 << 53
        try store.append(Commit(number: 1, register: [.put(row)], wallTime: 0))
        let found = try #require(try store.subject(id: row.id))
        #expect(found == row)
        // The database has one zero.
        #expect(found.latitude.sign == .plus)
    }
}
