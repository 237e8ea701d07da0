// The audit log, reports and suspensions of the store in memory: the same chain, and the same checks.

import Synchronization

extension MemoryStore.Contents {
    /// Takes the chain up, as an opening does.
    mutating func auditChain(_ key: AuditKey?) -> (AuditChain?, AuditStart) {
        guard let key else { return (nil, .withoutKey) }
        let found = AuditChain.Found(
            commit: head.commit, seal: auditSeal, last: audit.last.map { AuditLink(number: $0.entry.number, hash: $0.hash) },
            hasAnchor: auditAnchor != nil, isMigrated: false)
        var start = AuditStart.withoutKey
        let chain = AuditChain(key, found, start: &start)
        if start.isNews, head.commit > 0 { auditSeal = chain.bytes(of: head.commit) }
        return (chain, start)
    }

    /// - Returns: `nil` if it is not what was written.
    func anchor(_ key: AuditKey) -> AuditAnchor? { auditAnchor.map { AuditAnchor($0, key) } ?? .origin }

    mutating func take(_ change: SuspensionChange) {
        switch change {
        case .set(let row):
            suspensions.removeAll { $0.subject == row.subject && $0.source == row.source }
            suspensions.append(row)
        case .remove(let subject, let source): suspensions.removeAll { $0.subject == subject && $0.source == source }
        }
    }

    mutating func take(_ change: ReportChange) {
        switch change {
        case .create(let row):
            precondition(reports[row.number] == nil, "there is a report \(row.number) already")
            reports[row.number] = row
        case .resolve(let number, let resolution):
            if reports[number]?.resolution == nil { reports[number]?.resolution = resolution }
        case .anonymise(let user):
            for (number, row) in reports where row.user == user { reports[number]?.anonymise() }
        }
    }
}

extension MemoryStore.State {
    /// Whether a step has audit entries to look at.
    func isAuditTouched(by retention: Retention) -> Bool {
        guard audit != nil, auditDamage == nil, let before = retention.auditedBefore else { return false }
        return contents.audit.first.map { $0.entry.wallTime < before } ?? false
    }

    func auditDamage(for retention: Retention) -> StoreFault? { retention.auditedBefore == nil ? nil : auditDamage }

    /// Removes some of the audit entries that need not be kept.
    mutating func retainAudit(_ retention: Retention) -> AuditStep {
        guard isAuditTouched(by: retention), let key = audit?.key, let before = retention.auditedBefore else {
            return AuditStep(damage: auditDamage(for: retention))
        }
        var removal = AuditRemoval(key, before: before, from: contents.anchor(key), path: "memory")
        let removed = contents.audit.prefix { removal.takes($0.entry.number, $0) }.count
        contents.audit.removeFirst(removed)
        if let anchor = removal.anchor { contents.auditAnchor = anchor.bytes(key) }
        auditDamage = removal.kept.damage
        return AuditStep(removed: Int64(removed), isCut: removal.isCut, damage: auditDamage)
    }
}

extension MemoryStore: AuditReader {
    package func auditEntries(after number: Int64, limit: Int) throws(StoreFault) -> [AuditEntry] {
        contents.audit.lazy.map(\.entry).filter { $0.number > number }.prefix(limit).map { $0 }
    }

    package func verifyAudit() throws(StoreFault) -> AuditVerification {
        let (contents, chain) = state.withLock { ($0.contents, $0.audit) }
        guard let chain else { preconditionFailure("a store without the key of the audit log cannot verify it") }
        var check = AuditCheck(chain.key, from: contents.anchor(chain.key))
        for row in contents.audit { check.take(row.entry.number, row) }
        let seal = contents.head.commit == 0 ? .origin : contents.auditSeal.flatMap { AuditSeal($0, of: contents.head.commit, chain.key) }
        return check.finish(seal, known: chain.number)
    }
}

extension MemoryStore: ReportReader {
    package func report(number: Int64) throws(StoreFault) -> ReportRow? { contents.reports[number] }

    package func reports(after number: Int64, limit: Int, state: ReportState?) throws(StoreFault) -> [ReportRow] {
        let matching = contents.reports.values.filter { row in
            row.number > number && (state == nil || (row.resolution == nil) == (state == .open))
        }
        return Array(matching.sorted { $0.number < $1.number }.prefix(limit))
    }
}
