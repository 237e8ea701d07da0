// What goes of the audit log, in what steps, and what never does.

import GRDB
import Testing
import VicinityStore

struct AuditRetentionTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func commit(_ number: Int64, times: [Int64], first: Int64) -> Commit {
        var random = Seeded(UInt64(number))
        let entries = times.enumerated().map { index, time in auditEntry(first + Int64(index), wallTime: time, using: &random) }
        return Commit(number: number, audit: entries, wallTime: 0)
    }

    @Test
    func aStepIsBoundedAndTheRestVerifies() throws {
        let store = try place.open()
        let memory = memoryStore()
        for target in [store, memory] as [any LogStore & AuditReader] {
            try target.append(commit(1, times: Array(1...600), first: 1))
            #expect(try target.retain(Retention(auditedBefore: 1)) == RetentionStep(oldest: 1, removed: 0, isDone: true))
            for (removed, isDone) in [(256, false), (244, true), (0, true)] as [(Int64, Bool)] {
                let step = try target.retain(Retention(auditedBefore: 501))
                #expect(step == RetentionStep(oldest: 1, removed: 0, isDone: isDone, auditRemoved: removed))
                #expect(try target.verifyAudit().isIntact)
            }
            #expect(try target.verifyAudit() == AuditVerification(entries: 100))
            #expect(try target.retain(Retention(auditedBefore: 1000)).auditRemoved == 100)
            #expect(try target.verifyAudit() == AuditVerification(entries: 0))
            #expect(try target.auditEntries(after: 0, limit: 9) == [])
            // Numbers are not given again.
            try target.append(commit(2, times: [1000], first: 601))
            #expect(try target.verifyAudit() == AuditVerification(entries: 1))
            #expect(try target.retain(Retention(auditedBefore: 1001)).auditRemoved == 1)
        }
        try store.close()
        let again = try place.open()
        #expect(again.auditStart == .continues)
        #expect(try Recovery(of: again).items.first == .audited(through: 601))
        #expect(try again.verifyAudit() == AuditVerification(entries: 0))
    }

    /// Clocks that go back: an entry that stays keeps those behind it.
    @Test
    func entriesGoInOrder() throws {
        let store = try place.open()
        try store.append(commit(1, times: [10, 90, 20, 30], first: 1))
        #expect(try store.retain(Retention(auditedBefore: 50)).auditRemoved == 1)
        #expect(try store.auditEntries(after: 0, limit: 9).map(\.number) == [2, 3, 4])
        #expect(try store.retain(Retention(auditedBefore: 91)).auditRemoved == 3)
    }

    @Test
    func aStepWithNothingToDoWritesNothing() throws {
        let store = try place.open(busyTimeout: 0)
        try store.append(commit(1, times: [10, 20], first: 1))
        _ = try store.retain(Retention(auditedBefore: 15))
        try place.whileAnotherWrites {
            let step = try store.retain(Retention(auditedBefore: 20))
            #expect(step == RetentionStep(oldest: 1, removed: 0, isDone: true))
            #expect(throws: StoreFault.locked(path: place.database)) { try store.retain(Retention(auditedBefore: 21)) }
        }
        #expect(try store.retain(Retention(auditedBefore: 21)).auditRemoved == 1)
    }

    /// Somebody makes young entries look old, so that the daemon removes them itself.
    @Test
    func whatIsForgedIsNotRemoved() throws {
        let store = try place.open()
        try store.append(commit(1, times: [10, 20, 1000, 1010], first: 1))
        try store.close()
        try DatabaseQueue(path: place.database).write { database in try AuditForgery.age(3, to: 15, in: database) }
        let opened = try place.open()
        let damage = StoreFault.damaged(path: place.database, what: "of the audit log, entry 3: it is not what was written")
        for removed in [2, 0] as [Int64] {
            let step = try opened.retain(Retention(auditedBefore: 500))
            #expect(step == RetentionStep(oldest: 1, removed: 0, isDone: true, auditRemoved: removed, auditDamage: damage))
        }
        #expect(try opened.verifyAudit().firstBreak?.number == 3)
        #expect(try opened.auditEntries(after: 0, limit: 9).map(\.number) == [3, 4])
        try opened.append(commit(2, times: [1020], first: 5))
        #expect(try opened.retain(Retention()).auditDamage == nil)
    }

    @Test
    func aForgedBeginningEndsTheRemoval() throws {
        let store = try place.open()
        try store.append(commit(1, times: [10, 20, 30], first: 1))
        _ = try store.retain(Retention(auditedBefore: 15))
        try DatabaseQueue(path: place.database).write { database in
            try database.execute(sql: "DELETE FROM meta WHERE key = 'audit_anchor'")
        }
        let crashed = try place.crashed().open()
        let step = try crashed.retain(Retention(auditedBefore: 100))
        #expect(step.auditRemoved == 0)
        #expect(step.auditDamage != nil)
        #expect(try crashed.verifyAudit().firstBreak?.number == 1)
    }

    @Test
    func withoutTheKeyNothingGoes() throws {
        let store = try place.open()
        try store.append(commit(1, times: [10], first: 1))
        try store.close()
        let opened = try place.open(auditKey: nil)
        #expect(try opened.retain(Retention(auditedBefore: 100)) == RetentionStep(oldest: 1, removed: 0, isDone: true))
        #expect(try opened.auditEntries(after: 0, limit: 9).count == 1)
    }
}
