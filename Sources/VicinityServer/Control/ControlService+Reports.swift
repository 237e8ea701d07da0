import VicinityConfiguration
import VicinityPipeline
import VicinityStore
import VicinityTransport
import VicinityWire

// `reports.*`: what users say of subjects, and what operators decide on it.

extension ControlService {
    /// Bytes of a report's text, and of an operator's note.
    private static let longestText = 4096

    func createReport(_ params: JSONElement?, from peer: PeerCredentials, _ finish: @escaping Finish) throws(ControlFailure) {
        guard let kind = params?[key: "kind"]?.string, settings.configuration.reports.kinds.contains(kind) else {
            let kinds = settings.configuration.reports.kinds.joined(separator: ", ")
            throw .badValue("kind", kinds.isEmpty ? "cannot be given: reports.kinds is empty" : "must be one of reports.kinds: \(kinds)")
        }
        let text = try prose(params, "text")
        let report = NewReport(
            user: try identifier(params, "user"), subject: try identifier(params, "subject"), kind: kind, text: text)
        let reply = Reply<Result<Int64, DisclosureRefusal>> { outcome in
            switch outcome {
            case .success(let number): finish(.success(Self.object { $0.member("report", number) }))
            case .failure(let refusal): finish(.failure(ControlFailure(refusal)))
            }
        }
        submit(.report(.create(report, policy, for: AuditEntry.Peer(peer), reply)), finish)
    }

    func listReports(_ params: JSONElement?, from peer: PeerCredentials, _ finish: @escaping Finish) throws(ControlFailure) {
        var state: ReportState?
        if let element = params?[key: "state"] {
            guard let named = element.string.flatMap({ ReportState(rawValue: $0) }) else {
                throw .badValue("state", "must be one of \(ReportState.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            state = named
        }
        var after: Int64 = 0
        if let element = params?[key: "after"] {
            guard let number = element.integer, number >= 0 else { throw .badValue("after", "must be the number of a report, or 0") }
            after = number
        }
        let limit = try pageSize(params)
        let reply = Reply<Void> { [after, state] _ in
            read(finish) { () throws(ControlFailure) in
                let rows = try Self.stored { () throws(StoreFault) in try reports.reports(after: after, limit: limit + 1, state: state) }
                return Self.object { writer in
                    writer.key("reports")
                    writer.array { writer in for row in rows.prefix(limit) { row.write(to: &writer) } }
                    if rows.count > limit { writer.member("next", rows[limit - 1].number) }
                }
            }
        }
        submit(.report(.list(for: AuditEntry.Peer(peer), reply)), finish)
    }

    func resolveReport(_ params: JSONElement?, from peer: PeerCredentials, _ finish: @escaping Finish) throws(ControlFailure) {
        guard let number = params?[key: "report"]?.integer else { throw .badValue("report", "must be the number of a report") }
        let outcome = try statement(params, "outcome")
        let note = params?[key: "note"] == nil ? nil : try prose(params, "note")
        let verdict = ReportVerdict(number: number, outcome: outcome, note: note, removesSubject: outcome == "removed")
        let reply = Reply<ReportOutcome> { became in
            switch became {
            case .resolved: finish(.success(Self.object { _ in }))
            case .unknown: finish(.failure(.refused("unknown_report", "there is no report \(number)")))
            case .notOpen: confirm(verdict, finish)
            }
        }
        submit(.report(.resolve(verdict, policy, for: AuditEntry.Peer(peer), reply)), finish)
    }

    /// Answers who resolves what is resolved: the same words once more, as of a client that got no answer, are no mistake.
    private func confirm(_ verdict: ReportVerdict, _ finish: @escaping Finish) {
        read(finish) { () throws(ControlFailure) in
            let row = try Self.stored { () throws(StoreFault) in try reports.report(number: verdict.number) }
            guard let resolution = row?.resolution, resolution.outcome == verdict.outcome, resolution.note == verdict.note else {
                throw .badValue("report", "was resolved already, with another outcome or note")
            }
            return Self.object { _ in }
        }
    }

    private var policy: ReportPolicy {
        let reports = settings.configuration.reports
        return ReportPolicy(suspendOn: Set(reports.suspendOn), suspendAfter: reports.suspendAfter)
    }

    /// What somebody writes: up to ``longestText`` bytes over several lines.
    private func prose(_ params: JSONElement?, _ key: StaticString) throws(ControlFailure) -> String {
        guard let element = params?[key: key] else { throw .badValue("\(key)", "is missing") }
        guard let text = element.string, text.utf8.count <= Self.longestText, !text.hasControlCharacters(except: ["\n", "\t"]) else {
            throw .badValue(
                "\(key)", "must be a string of at most \(Self.longestText) bytes without control characters but line feeds and tabs")
        }
        return text
    }
}

extension ReportRow {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("report", number)
            writer.key("user")
            if let user { writer.value(utf8: user) } else { writer.raw("null") }
            writer.member("subject", utf8: subject)
            writer.member("kind", kind)
            writer.key("text")
            if let text { writer.value(text) } else { writer.raw("null") }
            writer.member("ts", wallTime)
            writer.member("state", (resolution == nil ? ReportState.open : .resolved).rawValue)
            if let resolution {
                writer.member("outcome", resolution.outcome)
                if let note = resolution.note { writer.member("note", note) }
            }
        }
    }
}
