// Goes through the state once, in the order of recovery, and puts it together as a daemon would.

internal import VicinityCore
internal import VicinityStore

extension Restoration {
    /// Takes up a piece of what the store recovers.
    mutating func take(_ piece: Recovered) throws(Damaged) {
        switch piece {
        case .subject(let row): subject(slot: row.slot, try Self.placement(of: row), shown: row.shown)
        case .swap(let time): swap(at: time)
        case .departing(let row): departing(slot: row.slot, try Self.placement(of: row), shown: row.shown)
        case .signOff(let entry): signOff(entry)
        case .precision, .cursor, .suspension, .reported, .audited, .report: break
        case .page(let stored): try page(name: stored.index, stored.bytes)
        case .journal(let commit, let bytes): if !bytes.isEmpty { try journal(commit: commit, bytes) }
        }
    }

    private static func placement(of row: SubjectRow) throws(Damaged) -> SubjectPlacement {
        guard let placement = row.placement else { throw Damaged(what: "the subject in slot \(row.slot) is nowhere on earth") }
        return placement
    }
}

/// What the state is made of, and what is wrong with it.
struct StateSurvey: ~Copyable {
    private(set) var findings = Findings()
    private(set) var subjects = 0
    /// Subjects of the edition of the register before; `nil` if there is no swap that is not settled.
    private(set) var departing: Int?
    private(set) var signOffs = 0
    private(set) var cursors = 0
    /// `nil` once a piece was missing that users depend on: what is left would be put together wrongly.
    private var restoration: Restoration?
    private var slots: [[UInt8]: UInt32] = [:]
    private var part = Finding.Part.register
    /// The seq of the last event, if it is known.
    private let head: Int64?

    static let meaningOfAudit = "nobody can tell any more what was asked for there"
    static let meaningOfState = "the daemon refuses to start, for it would forget fixes and pairs"

    init(head: Int64?, signOffKey: SipHashKey) {
        self.head = head
        restoration = Restoration(Engine(rules: Rules(), hashSeed: 0, signOffKey: signOffKey, precisionKey: SipHashKey(0, 0)))
    }

    /// Takes the next piece, or why there is none.
    mutating func take(_ piece: Result<Recovered, StoreFault>) {
        switch piece {
        case .failure(let fault): tell(fault)
        case .success(let piece):
            count(piece)
            guard restoration != nil else { return }
            do throws(Restoration.Damaged) {
                // In place: it cannot be copied.
                try restoration?.take(piece)
            } catch {
                findings.add(part, "\(error.what) cannot be read", meaning: Self.meaningOfState)
                restoration = nil
            }
        }
    }

    /// - Returns: the engine, if nothing that it is made of is missing.
    consuming func finish(into findings: inout Findings) -> Engine? {
        var found = self.findings
        defer { findings.add(found) }
        guard let restoration else { return nil }
        do throws(Restoration.Damaged) {
            return try restoration.finish(now: ClockReading(wall: 0, steady: 0))
        } catch {
            found.add(.state, "the state cannot be put together: \(error.what)", meaning: Self.meaningOfState)
            return nil
        }
    }

    private mutating func count(_ piece: Recovered) {
        switch piece {
        case .precision: part = .register
        case .subject(let row):
            subjects += 1
            check(row)
        case .swap:
            part = .register
            departing = 0
        case .departing(let row):
            departing = (departing ?? 0) + 1
            check(row)
        case .signOff:
            part = .signOffs
            signOffs += 1
        case .cursor(let cursor):
            part = .cursors
            cursors += 1
            check(cursor)
        case .suspension: part = .suspensions
        case .reported, .audited, .report: part = .reports
        case .page, .journal: part = .state
        }
    }

    private mutating func check(_ row: SubjectRow) {
        part = .register
        if let twin = slots.updateValue(row.slot, forKey: row.id) {
            let id = String(decoding: row.id, as: UTF8.self)
            findings.add(.register, "subject \(id) stands in the slots \(twin) and \(row.slot)", meaning: "the daemon refuses to start")
        }
        if !(1...128).contains(row.id.count) {
            findings.add(.register, "the subject in slot \(row.slot) has an id of \(row.id.count) bytes", meaning: "nobody can name it")
        }
    }

    private mutating func check(_ cursor: Cursor) {
        let name = String(decoding: cursor.name, as: UTF8.self)
        if let head, !(0...head).contains(cursor.acked) {
            findings.add(
                .cursors, "cursor \(name) is at event \(cursor.acked), the log ends with \(head)",
                meaning: "the subscriber would never see the events up to there")
        }
        if !(1...128).contains(cursor.name.count) {
            findings.add(.cursors, "a cursor has a name of \(cursor.name.count) bytes", meaning: "nobody can use it")
        }
    }

    private mutating func tell(_ fault: StoreFault) {
        let complaint = fault.complaint
        let part = Self.part(of: complaint) ?? part
        let meaning =
            switch part {
            case .register: "the subject is lost, and the daemon refuses to start"
            case .signOffs: "a fix of somebody who signed off might be taken for new, and the daemon refuses to start"
            case .cursors: "the subscriber's place is lost, and the daemon refuses to start"
            case .suspensions: "a subject that is suspended might be shown, and the daemon refuses to start"
            case .reports: "the report is lost, and the daemon refuses to start"
            case .audit: Self.meaningOfAudit
            case .file, .identity, .log, .state, .head: Self.meaningOfState
            }
        findings.add(part, complaint, meaning: meaning)
        // Users do not depend on these; but a complaint that names no part may be of any.
        switch Self.part(of: complaint) {
        case .cursors, .signOffs, .suspensions, .reports, .audit: break
        case .file, .identity, .log, .register, .state, .head, nil: restoration = nil
        }
    }

    /// The part that a complaint names; those of SQLite itself name none, and belong to where they come or to what follows.
    static func part(of complaint: String) -> Finding.Part? {
        let beginnings: [(String, Finding.Part)] = [
            ("the subject in slot", .register), ("the entry", .register), ("a sign-off", .signOffs), ("a cursor", .cursors),
            ("a suspension", .suspensions), ("report ", .reports), ("audit entry", .audit), ("the audit entries", .audit),
            ("state page", .state), ("commit ", .state), ("the journal", .state),
        ]
        return beginnings.first { complaint.hasPrefix($0.0) }?.1
    }
}
