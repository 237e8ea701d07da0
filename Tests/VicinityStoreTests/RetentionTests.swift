// Which events go, in what steps, and what becomes of the space.

import Foundation
import Testing
import VicinityCore
import VicinityStore

struct RetentionTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    /// The dumb truth: every block with its time, and where the log begins.
    private struct Model {
        var blocks: [(first: Int64, last: Int64, wallTime: Int64)] = []
        var head: Int64 = 0
        var oldest: Int64 = 1

        mutating func retain(_ retention: Retention) {
            while let block = blocks.first,
                block.wallTime < retention.committedBefore ?? .min || block.last < retention.beforeSeq ?? .min
            {
                blocks.removeFirst()
                oldest = max(oldest, block.last + 1)
            }
            oldest = max(oldest, min(retention.beforeSeq ?? 0, head + 1))
        }
    }

    private func retain(_ retention: Retention, in store: some LogStore) throws -> (removed: Int64, steps: Int) {
        var removed: Int64 = 0
        var steps = 0
        while true {
            let step = try store.retain(retention)
            removed += step.removed
            steps += 1
            if step.isDone { return (removed, steps) }
            #expect(steps < 1000)
        }
    }

    /// Any commits, any bounds, with restarts; and clocks that go back.
    @Test(arguments: UInt64(0)..<12)
    func equalsTheModel(seed: UInt64) throws {
        var random = Seeded(seed)
        var store = try place.open()
        let memory = memoryStore()
        var model = Model()
        for number in Int64(1)...60 {
            var blocks: [EventBlock] = []
            let wallTime = number * 10 + Int64.random(in: -30...30, using: &random)
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let made = block(model.head + 1, count: Int.random(in: 1...9, using: &random))
                model.blocks.append((made.firstSeq, made.lastSeq, wallTime))
                model.head = made.lastSeq
                blocks.append(made)
            }
            let commit = Commit(number: number, blocks: blocks, journalNeededFrom: number, wallTime: wallTime)
            try store.append(commit)
            try memory.append(commit)
            if Int.random(in: 0..<3, using: &random) == 0 {
                let retention = Retention(
                    committedBefore: Bool.random(using: &random) ? number * 10 - Int64.random(in: -20...200, using: &random) : nil,
                    beforeSeq: Bool.random(using: &random) ? Int64.random(in: -3...model.head + 9, using: &random) : nil)
                let before = model.oldest
                model.retain(retention)
                #expect(try retain(retention, in: store).removed == model.oldest - before, "seed \(seed), commit \(number)")
                #expect(try retain(retention, in: memory).removed == model.oldest - before, "seed \(seed), commit \(number)")
            }
            if Int.random(in: 0..<10, using: &random) == 0 {
                try store.close()
                store = try place.open()
            }
            #expect(try store.oldest() == model.oldest, "seed \(seed), commit \(number)")
            #expect(try memory.oldest() == model.oldest, "seed \(seed), commit \(number)")
            #expect(try store.blocks(after: 0, maxBytes: 1 << 20).map(\.firstSeq) == model.blocks.map(\.first))
            #expect(try memory.blocks(after: 0, maxBytes: 1 << 20).map(\.firstSeq) == model.blocks.map(\.first))
            #expect(try store.size().oldestCommit == model.blocks.first?.wallTime)
        }
    }

    @Test
    func theFloorLiesWithinABlockSurvivesACrashAndNeverGoesBack() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, blocks: [block(1, count: 10), block(11, count: 10)], wallTime: 0))
        #expect(try store.retain(Retention(beforeSeq: 15)) == RetentionStep(oldest: 15, removed: 14, isDone: true))
        #expect(try events(of: store).first?.seq == 11)
        let crashed = try place.crashed().open()
        #expect(try crashed.oldest() == 15)
        #expect(try crashed.retain(Retention(beforeSeq: 12)) == RetentionStep(oldest: 15, removed: 0, isDone: true))
        #expect(try crashed.oldest() == 15)
    }

    @Test
    func everythingCanGo() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, blocks: [block(1, count: 10)], wallTime: 0))
        #expect(try store.retain(Retention(beforeSeq: 1 << 53)) == RetentionStep(oldest: 11, removed: 10, isDone: true))
        #expect(try store.oldest() == 11)
        #expect(try store.size().oldestCommit == nil)
        try store.append(Commit(number: 2, blocks: [block(11, count: 2)], wallTime: 50))
        #expect(try store.oldest() == 11)
        #expect(try store.size().oldestCommit == 50)
        #expect(try store.retain(Retention(committedBefore: 51)) == RetentionStep(oldest: 13, removed: 2, isDone: true))
    }

    /// Many small blocks, and few large ones: a step ends at whichever bound comes first.
    @Test(arguments: [(blocks: 200, events: 1, steps: 4), (blocks: 16, events: 12_000, steps: 3)])
    func aStepIsBounded(blocks: Int, events: Int, steps: Int) throws {
        let store = try place.open()
        let memory = memoryStore()
        let all = (0..<blocks).map { block(Int64($0 * events + 1), count: events) }
        for target in [store, memory] as [any LogStore] {
            try target.append(Commit(number: 1, blocks: all, wallTime: 0))
            try target.append(Commit(number: 2, journalNeededFrom: 2, wallTime: 0))
            let first = try target.retain(Retention(committedBefore: 1))
            #expect(!first.isDone)
            #expect(first.oldest == first.removed + 1)
            #expect((first.oldest - 1).isMultiple(of: Int64(events)))
            let rest = try retain(Retention(committedBefore: 1), in: target)
            #expect(first.removed + rest.removed == Int64(blocks * events))
            #expect(rest.steps + 1 == steps)
        }
    }

    /// It does not even ask for the lock of writers.
    @Test
    func aStepWithNothingToDoWritesNothing() throws {
        let store = try place.open(busyTimeout: 0)
        try store.append(Commit(number: 1, blocks: [block(1, count: 10)], wallTime: 100))
        _ = try store.retain(Retention(beforeSeq: 5))
        let before = try place.listing()
        let idle = [Retention(), Retention(committedBefore: 100), Retention(beforeSeq: 5), Retention(committedBefore: 7, beforeSeq: 2)]
        try place.whileAnotherWrites {
            for retention in idle {
                let step = try store.retain(retention)
                #expect(step == RetentionStep(oldest: 5, removed: 0, isDone: true))
            }
            #expect(throws: StoreFault.locked(path: place.database)) { try store.retain(Retention(beforeSeq: 6)) }
        }
        #expect(try place.listing() == before)
        // The lock has passed, and so has the fault.
        #expect(try store.retain(Retention(beforeSeq: 6)) == RetentionStep(oldest: 6, removed: 1, isDone: true))
    }

    @Test
    func theSpaceOfManyIsGivenBack() throws {
        let store = try place.open()
        var seq: Int64 = 1
        for number in Int64(1)...60 {
            let made = block(seq, count: 12_000)
            seq = made.lastSeq + 1
            try store.append(Commit(number: number, blocks: [made], wallTime: number))
        }
        let full = try store.size()
        #expect(full.bytes > 12 << 20)
        #expect(try retain(Retention(beforeSeq: seq), in: store).removed == seq - 1)
        let emptied = try store.size()
        #expect(emptied.free <= 4 << 20)
        try store.append(Commit(number: 61, journalNeededFrom: 61, wallTime: 61))
        try store.close()
        let left = try FileManager.default.attributesOfItem(atPath: place.database)[.size] as? Int64
        #expect((left ?? .max) < 6 << 20)
        let again = try place.open()
        #expect(try again.size().bytes <= 6 << 20)
        #expect(try again.oldest() == seq)
    }

    /// A few free pages are used again, and the file is left as large as it is.
    @Test
    func theSpaceOfFewIsKept() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, blocks: [block(1, count: 20_000)], wallTime: 0))
        let step = try store.retain(Retention(beforeSeq: 30_000))
        #expect(step.isDone)
        #expect(try store.size().free > 300_000)
    }

    /// A time that says that a block may go is not believed without the row's checksum.
    @Test
    func aDamagedBlockIsNotRemovedInSilence() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, blocks: [block(1, count: 3)], wallTime: 0))
        try store.append(Commit(number: 2, blocks: [block(4, count: 3)], wallTime: 0))
        try store.close()
        var bytes = Data(try place.bytes())
        let range = try #require(bytes.range(of: Data("u-2".utf8)))
        bytes[range.lowerBound] ^= 1
        try place.write([UInt8](bytes))
        let opened = try place.open()
        let fault = #expect(throws: StoreFault.self) { try opened.retain(Retention(beforeSeq: 7)) }
        guard case .damaged = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        // What is old and damaged stays until somebody has looked at it; new commits do not suffer for it.
        try opened.append(Commit(number: 3, wallTime: 0))
        #expect(throws: try #require(fault)) { try opened.retain(Retention(beforeSeq: 7)) }
        #expect(try opened.oldest() == 1)
    }

    @Test
    func plannedFaultsHitTheStoreInMemory() throws {
        let store = memoryStore()
        try store.append(Commit(number: 1, blocks: [block(1, count: 3)], wallTime: 0))
        store.fail(next: [.diskFull(path: "p"), .inputOutput(path: "p", reason: "sync")])
        #expect(try store.retain(Retention()).isDone)
        #expect(throws: StoreFault.diskFull(path: "p")) { try store.retain(Retention(beforeSeq: 2)) }
        #expect(try store.oldest() == 1)
        #expect(throws: StoreFault.inputOutput(path: "p", reason: "sync")) { try store.retain(Retention(beforeSeq: 2)) }
        #expect(throws: StoreFault.inputOutput(path: "p", reason: "sync")) { try store.append(Commit(number: 2, wallTime: 0)) }
        #expect(try store.oldest() == 1)
    }
}
