package import VicinityCore
package import VicinityStore

/// Puts the state back to that of the last commit.
package enum Recovery {
    package struct Recovered: ~Copyable {
        private let engine: Engine
        package let lastCommit: Int64
        package let cursors: [Cursor]
        /// The number of the last entry of the audit log.
        package let lastAudit: Int64
        let reports: OpenReports
        /// The key of the cells, and what is left to do for it.
        let precision: PrecisionDesk
        package let precisionStart: PrecisionStart
        /// That were begun and not ended.
        package let erasures: [Erasure]

        init(
            engine: consuming Engine, lastCommit: Int64, cursors: [Cursor], lastAudit: Int64, reports: OpenReports,
            precision: PrecisionDesk, precisionStart: PrecisionStart, erasures: [Erasure]
        ) {
            self.engine = engine
            self.lastCommit = lastCommit
            self.cursors = cursors
            self.lastAudit = lastAudit
            self.reports = reports
            self.precision = precision
            self.precisionStart = precisionStart
            self.erasures = erasures
        }

        consuming func takeEngine() -> Engine { engine }
    }

    /// Why the state cannot be put back: a sentence for the operator.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Reads everything that the store recovers into a new engine.
    ///
    /// - Parameters:
    ///   - precisionKey: the secret of this installation.
    ///   - now: from when on silence and what dwells and cools down is counted anew.
    ///   - progress: called now and then with the number of pieces that have been read.
    /// - Throws: ``Failure``; a log whose parts contradict one another is refused, never mended.
    package static func run(
        _ store: any LogStore, rules: Rules, hashSeed: UInt64, precisionKey: PrecisionKey, now: ClockReading,
        progress: (Int) -> Void = { _ in }
    ) throws(Failure) -> Recovered {
        guard let key = SipHashKey(bytes: store.identity.signOffKey) else {
            throw Failure(description: "the log's sign-off key is not 16 bytes long: the log is damaged")
        }
        var precision = PrecisionDesk(precisionKey)
        var needsPrecision = false
        var restoration = Restoration(
            Engine(rules: rules, hashSeed: hashSeed, signOffKey: key, precisionKey: precision.cells.key))
        var damage: String?
        var cursors: [Cursor] = []
        var lastAudit: Int64 = 0
        var reports = OpenReports()
        var pieces = 0
        let head: LogHead
        do {
            head = try store.recover { piece in
                pieces += 1
                if pieces.isMultiple(of: 32) { progress(pieces) }
                if case .cursor(let cursor) = piece { cursors.append(cursor) }
                if case .audited(let number) = piece { lastAudit = number }
                if case .reported(let number) = piece { reports.last = number }
                if case .report(let row) = piece, row.resolution == nil { reports.add(row) }
                if case .precision(let state) = piece { precision.take(state) }
                if case .subject(let row) = piece, row.shown != nil { needsPrecision = true }
                do throws(Restoration.Damaged) {
                    try restoration.take(piece)
                } catch {
                    damage = error.what
                    throw error
                }
            }
        } catch {
            throw Failure(description: damage.map { "the log is damaged: \($0)" } ?? "\(error)")
        }
        var engine: Engine
        do throws(Restoration.Damaged) {
            engine = try restoration.finish(now: now)
        } catch {
            throw Failure(description: "the log is damaged: \(error.what)")
        }
        guard engine.head == head.seq else {
            throw Failure(description: "the log is damaged: the state ends at another event than the log")
        }
        recoverLeaves(into: &engine, from: store, now: now)
        engine.takePrecisionKey(precision.cells.key)
        let start = precision.start(isNeeded: needsPrecision)
        return Recovered(
            engine: engine, lastCommit: head.commit, cursors: cursors, lastAudit: lastAudit, reports: reports, precision: precision,
            precisionStart: start, erasures: store.erasures)
    }

    /// Bytes of events that are looked through for leaves at most; more would be more than the engine keeps.
    private static let leavesFrom = 32 << 20

    /// Lets the engine know of the leaves after which details may still be asked for.
    ///
    /// What cannot be read counts as long ago: it is told to whoever is to get these events, and no reason not to start.
    private static func recoverLeaves(into engine: inout Engine, from store: any LogStore, now: ClockReading) {
        guard engine.rules.detailsGrace > 0 else { return }
        guard let blocks = try? store.blocks(committedSince: now.wall - engine.rules.detailsGrace, maxBytes: leavesFrom) else { return }
        for committed in blocks { try? engine.noteLeaves(in: committed.block, committedAt: committed.wallTime, now: now) }
    }
}

extension Restoration {
    fileprivate mutating func take(_ piece: VicinityStore.Recovered) throws(Damaged) {
        switch piece {
        case .subject(let row): subject(slot: row.slot, try placement(of: row), shown: row.shown)
        case .swap(let time): swap(at: time)
        case .departing(let row): departing(slot: row.slot, try placement(of: row), shown: row.shown)
        case .signOff(let entry): signOff(entry)
        case .suspension(let row): suspension(of: row.subject, by: SuspensionSources(row.source))
        case .precision, .cursor, .reported, .audited, .report: break
        case .page(let stored): try page(name: stored.index, stored.bytes)
        case .journal(let commit, let bytes): if !bytes.isEmpty { try journal(commit: commit, bytes) }
        }
    }

    private func placement(of row: SubjectRow) throws(Damaged) -> SubjectPlacement {
        guard let placement = row.placement else { throw Damaged(what: "the register holds a subject that is nowhere on earth") }
        return placement
    }
}
