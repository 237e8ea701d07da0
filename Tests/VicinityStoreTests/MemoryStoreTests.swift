// The store in memory stands in for the one on disk: the same commits give the same answers, and it fails when it is told to.

import Testing
import VicinityCore
import VicinityStore

struct MemoryStoreTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    @Test(arguments: UInt64(0)..<6)
    func equalsTheStoreOnDisk(seed: UInt64) throws {
        var store = try place.open()
        let truth = memoryStore(identity: store.identity)
        var maker = CommitMaker(seed: 1000 + seed)
        for number in 1...80 {
            let commit = maker.next()
            try store.append(commit)
            try truth.append(commit)
            #expect(store.head == truth.head)
            let retention = Retention(
                committedBefore: commit.wallTime - 40_000, beforeSeq: store.head.seq - 300, auditedBefore: commit.wallTime - 30_000)
            if number.isMultiple(of: 7) {
                let (step, expected) = (try store.retain(retention), try truth.retain(retention))
                #expect(step.oldest == expected.oldest)
                #expect(step.auditRemoved == expected.auditRemoved && step.auditDamage == nil)
            }
            guard number.isMultiple(of: 16) else { continue }
            try store.close()
            store = try place.open()
            maker.restarted()
            #expect(store.identity == truth.identity)
            #expect(try Recovery(of: store) == Recovery(of: truth), "seed \(seed), commit \(number)")
            #expect(try events(of: store, maxBytes: 500) == events(of: truth, maxBytes: 700))
            #expect(
                try store.subjects(after: nil, limit: 1000, kind: nil) == truth.subjects(after: nil, limit: 1000, kind: nil))
            #expect(try store.oldest() == truth.oldest())
            for state in [nil, .open, .resolved] as [ReportState?] {
                #expect(try store.reports(after: 3, limit: 9, state: state) == truth.reports(after: 3, limit: 9, state: state))
            }
            #expect(try store.report(number: 5) == truth.report(number: 5))
            #expect(try store.auditEntries(after: 9, limit: 20) == truth.auditEntries(after: 9, limit: 20))
            #expect(try store.auditEntries(after: 0, limit: .max) == truth.contents.audit.map(\.entry))
            #expect(try store.verifyAudit() == truth.verifyAudit())
            #expect(try store.verifyAudit().isIntact)
            #expect(store.auditStart == .continues)
        }
    }

    @Test
    func failsAsPlannedAndKeepsNothing() throws {
        let store = memoryStore()
        store.fail(next: [nil, .diskFull(path: "p"), nil, .inputOutput(path: "p", reason: "sync")])
        var maker = CommitMaker(seed: 1)
        var commits = [maker.next(), maker.next()]
        maker.restarted()
        commits.append(maker.next())
        try store.append(commits[0])
        let before = try Recovery(of: store)
        #expect(throws: StoreFault.diskFull(path: "p")) { try store.append(commits[1]) }
        #expect(try Recovery(of: store) == before)
        try store.append(commits[1])
        #expect(throws: StoreFault.inputOutput(path: "p", reason: "sync")) { try store.append(commits[2]) }
        #expect(throws: StoreFault.inputOutput(path: "p", reason: "sync")) { try store.append(commits[2]) }
        #expect(store.head.commit == 2)
        #expect(store.counts.commits == 2)
        #expect(store.counts.failures == 2)
        // A restart finds what was durable, and goes on.
        let restarted = MemoryStore(store.contents, auditKey: .ofTheTests)
        #expect(restarted.auditStart == .continues)
        #expect(try Recovery(of: restarted) == Recovery(of: store))
        try restarted.append(commits[2])
        #expect(restarted.head.commit == 3)
    }

    @Test
    func prunedBlocksAreGoneAndTheHeadStays() throws {
        let store = memoryStore()
        try store.append(Commit(number: 1, blocks: [block(1, count: 5), block(6, count: 5)], wallTime: 0))
        store.prune(through: 7)
        #expect(try store.oldest() == 6)
        #expect(try events(of: store).map(\.seq) == [6, 7, 8, 9, 10])
        store.prune(through: 10)
        #expect(try store.oldest() == 11)
        #expect(store.head.seq == 10)
    }
}
