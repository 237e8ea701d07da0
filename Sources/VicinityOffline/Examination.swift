// What a doctor does: looks at everything in a state directory, in the order in which a daemon depends on it, and writes nothing.

internal import VicinityCore
internal import VicinityStore

/// An examination of a state directory.
package struct Examination {
    /// What is looked at.
    package enum Scope: Sendable {
        case everything
        /// The identity, the head and the events.
        case log
    }

    private let directory: String
    private let scope: Scope
    private let bootID: BootID?
    private let progress: (Progress) throws -> Void
    private var report: Report

    /// - Parameter progress: called now and then; an ``Interruption`` ends the examination.
    package init(directory: String, scope: Scope = .everything, progress: @escaping (Progress) throws -> Void = { _ in }) {
        self.init(directory: directory, scope: scope, bootID: .current(), progress: progress)
    }

    init(directory: String, scope: Scope, bootID: BootID?, progress: @escaping (Progress) throws -> Void) {
        self.directory = directory
        self.scope = scope
        self.bootID = bootID
        self.progress = progress
        report = Report(directory: directory)
    }

    /// Examines the directory as of its last commit.
    ///
    /// - Throws: ``Unexaminable`` if there is no log, or none that this program knows, or nobody wants to know.
    /// - Complexity: reads the file twice; memory for the users and the pairs that are open, however many events there are.
    package consuming func run() throws(Unexaminable) -> Report {
        let inspection = try Self.open(directory)
        do {
            try examine(inspection)
        } catch {
            throw Unexaminable("interrupted")
        }
        return report
    }

    /// - Throws: an ``Interruption``, and nothing else.
    private mutating func examine(_ inspection: Inspection) throws {
        report.lock = HeldLock(directory: directory)
        readFigures(inspection)
        if scope == .everything { try checkFile(inspection) }
        var log = try readLog(inspection)
        guard scope == .everything else { return }
        try readState(inspection, &log)
        readAudit(inspection)
        checkHeadFile(inspection)
    }

    /// Opens a directory for looking at it.
    static func open(_ directory: String) throws(Unexaminable) -> Inspection {
        let inspection: Inspection
        do throws(StoreFault) {
            inspection = try Inspection(directory: directory)
        } catch {
            throw Unexaminable("\(error)")
        }
        guard inspection.schemaVersion <= Inspection.knownVersion else {
            let fault = StoreFault.newerSchema(
                path: "\(directory)/\(SQLiteStore.fileName)", found: inspection.schemaVersion, known: Inspection.knownVersion)
            throw Unexaminable("\(fault)")
        }
        return inspection
    }

    // MARK: - The parts

    private mutating func readFigures(_ inspection: Inspection) {
        report.figures.bytes = inspection.bytes
        report.figures.schema = inspection.schemaVersion
        report.figures.wasClean = inspection.wasClean
        report.figures.isBackup = inspection.isBackup
        switch inspection.identity {
        case .success(let identity):
            report.figures.logID = identity.logID
            if SipHashKey(bytes: identity.signOffKey) == nil {
                report.findings.add(
                    .identity, "the sign-off key has \(identity.signOffKey.count) bytes, not 16", meaning: "the daemon refuses to start")
            }
        case .failure(let fault):
            report.findings.add(.identity, fault.complaint, meaning: "the daemon refuses to start: nobody knows which log this is")
        }
        switch inspection.head {
        case .success(let head):
            report.figures.commit = head.commit
            report.figures.head = head.seq
        case .failure(let fault):
            report.findings.add(.head, fault.complaint, meaning: "nobody knows where the log ends, and the daemon refuses to start")
        }
        switch inspection.oldest {
        case .success(let oldest): report.figures.oldest = oldest
        case .failure(let fault):
            report.findings.add(.log, fault.complaint, meaning: "nobody knows where the log begins, and the daemon refuses to start")
        }
        if let head = report.figures.head, let oldest = report.figures.oldest, oldest > head + 1 {
            report.findings.add(
                .log, "the oldest event is \(oldest), the last one is \(head)", meaning: "the daemon refuses to start")
        }
        if report.figures.isBackup { report.notes.append("this is a backup that no daemon has opened yet; as a log it will have a new id") }
    }

    private mutating func checkFile(_ inspection: Inspection) throws {
        try progress(.checkingFile)
        let complaints = inspection.integrity { (try? progress(.checkingFile)) != nil }
        try progress(.checkingFile)
        for complaint in complaints {
            report.findings.add(.file, complaint, meaning: "rows may be missing or out of place; the daemon refuses to start")
        }
    }

    private mutating func readLog(_ inspection: Inspection) throws -> LogSurvey {
        var survey = LogSurvey()
        // What the store throws is a fault like those it gives.
        let total = max(0, (report.figures.head ?? 0) - (report.figures.oldest ?? 1) + 1)
        do {
            try inspection.forEachBlock { block in
                survey.take(block)
                if survey.blocks.isMultiple(of: 16) { try progress(.readingEvents(done: survey.events, total: total)) }
            }
        } catch let error as Interruption {
            throw error
        } catch {
            survey.take(.failure(error as? StoreFault ?? .damaged(path: directory, what: "\(error)")))
        }
        survey.finish(head: report.figures.head, oldest: report.figures.oldest)
        report.findings.add(survey.findings)
        report.figures.events = survey.events
        report.figures.blocks = survey.blocks
        return survey
    }

    private mutating func readState(_ inspection: Inspection, _ log: inout LogSurvey) throws {
        let key = (try? inspection.identity.get()).flatMap { SipHashKey(bytes: $0.signOffKey) }
        var survey = StateSurvey(head: report.figures.head, signOffKey: key ?? SipHashKey(0, 0))
        try read(inspection, into: &survey)
        report.figures.subjects = survey.subjects
        if let departing = survey.departing {
            report.notes.append(
                "the register was swapped, and \(counted(departing, "subject")) of the edition before may still have open pairs: "
                    + "the daemon goes on closing them when it starts")
        }
        report.figures.signOffs = survey.signOffs
        report.figures.cursors = survey.cursors
        guard var engine = survey.finish(into: &report.findings) else { return }
        report.figures.users = engine.userCount
        report.figures.pairs = engine.pairCount
        if let head = report.figures.head, engine.head != head {
            report.findings.add(
                .state, "the state ends with event \(engine.head), the log with \(head)", meaning: StateSurvey.meaningOfState)
        } else if let run = log.run, run.last == engine.head {
            log.compare(&engine, &report.findings)
        }
    }

    private func read(_ inspection: Inspection, into survey: inout StateSurvey) throws {
        var pieces: Int64 = 0
        func take(_ piece: Result<Recovered, StoreFault>) throws {
            survey.take(piece)
            pieces += 1
            if pieces.isMultiple(of: 1024) { try progress(.readingState(done: pieces)) }
        }
        do {
            try inspection.forEach(take)
        } catch let error as Interruption {
            throw error
        } catch {
            survey.take(.failure(error as? StoreFault ?? .damaged(path: directory, what: "\(error)")))
        }
    }

    private mutating func readAudit(_ inspection: Inspection) {
        do {
            try inspection.forEachAuditEntry { entry in
                guard case .failure(let fault) = entry else { return }
                report.findings.add(.audit, fault.complaint, meaning: StateSurvey.meaningOfAudit)
            }
        } catch {
            report.findings.add(.audit, "\(error)", meaning: StateSurvey.meaningOfAudit)
        }
    }

    private mutating func checkHeadFile(_ inspection: Inspection) {
        guard let announced = inspection.headFile?.head, let head = report.figures.head, let commit = report.figures.commit else { return }
        let place =
            "the log ends with commit \(commit) and event \(head), but commit \(announced.commit) and event \(announced.seq) were announced"
        switch inspection.verdict(bootID: bootID) {
        case .agrees: break
        case .isOlderCopy: report.notes.append("\(place): an older copy is in place; as a log it will have a new id")
        case .lostWithPower: report.notes.append("\(place): they went with the machine's power; as a log it will have a new id")
        case .cutOff:
            report.findings.add(
                .head, "\(place): the WAL was cut off, or the file was replaced", meaning: "the daemon refuses to start")
        }
    }
}

extension LogSurvey {
    /// Holds the pairs that the engine has open against those that the log leaves open.
    mutating func compare(_ engine: inout Engine, _ findings: inout Findings) {
        var ledger = ledger
        let cut = engine.beginCut()
        while let piece = engine.readCut(cut) {
            piece.pairs.forEachView { pair in
                guard !ledger.settle(pair) else { return }
                let user = String(decoding: pair.user, as: UTF8.self)
                let subject = String(decoding: pair.subject, as: UTF8.self)
                findings.add(
                    .state, "user \(user) is inside with subject \(subject) since event \(pair.seq), by the log it is not",
                    meaning: "its leave would close an encounter that is none")
            }
            if piece.isLast { break }
        }
        for enter in ledger.open.values.sorted(by: { $0.seq < $1.seq }).prefix(Findings.kept) {
            findings.add(
                .state, "event \(enter.seq) enters, nothing leaves, and by the state the pair is outside",
                meaning: "the encounter would never be closed")
        }
        let more = ledger.open.count - Findings.kept
        if more > 0 {
            findings.add(.state, "\(more) more encounters are open by the log and not by the state", meaning: "they would never be closed")
        }
    }
}
