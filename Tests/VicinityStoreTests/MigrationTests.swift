// Files that older versions wrote.

import Synchronization
import Testing
import VicinityCore
import VicinityStore

struct MigrationTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    /// A file of an older version, and what is in it.
    struct Old: CustomTestStringConvertible {
        let version: Int
        let database: [UInt8]
        let identity: LogIdentity
        let contents: [Recovered]
        var audit: [AuditEntry] = []

        var testDescription: String { "version \(version)" }

        static let all = [one, two, three, four]

        private static var named: SubjectRow {
            var row = subject(4, "s-4", kind: "toll")
            row.name = "Böhme & Söhne"
            return row
        }

        private static let journals: [Recovered] = [.journal(commit: 1, bytes: [1, 2, 3]), .journal(commit: 2, bytes: [4, 5])]

        static let one = Old(
            version: 1, database: VersionOne.database, identity: LogIdentity(logID: VersionOne.logID, signOffKey: VersionOne.signOffKey),
            contents: [
                .subject(named), .signOff(SignOff(hash: .max, time: 5, until: 6)), .page(StatePage(index: 7, bytes: [9])),
            ] + journals)

        static var two: Old {
            var other = subject(.max, "s-max")
            other.precision = 12.5
            other.details = #"{"lanes":4}"#
            other.validFrom = 1000
            other.validUntil = 2000
            let contents: [Recovered] = [
                .subject(named), .subject(other), .signOff(SignOff(hash: .max, time: 5, until: 6)),
                .signOff(SignOff(hash: 7, time: 8, until: 9)), .cursor(Cursor(name: Array("relay".utf8), acked: 2, wallTime: 999)),
                .page(StatePage(index: 7, bytes: [9])),
            ]
            return Old(
                version: 2, database: VersionTwo.database,
                identity: LogIdentity(logID: VersionTwo.logID, signOffKey: VersionTwo.signOffKey), contents: contents + journals)
        }

        static var three: Old {
            let contents = two.contents.flatMap { piece -> [Recovered] in
                switch piece {
                case .signOff(SignOff(hash: .max, time: 5, until: 6)):
                    [.swap(at: 1999), .departing(VicinityStoreTests.subject(9, "s-9")), piece]
                case .signOff(SignOff(hash: 7, time: 8, until: 9)):
                    [.signOff(SignOff(hash: 7, time: 8, until: 9, limits: [1, 2, 3]))]
                default: [piece]
                }
            }
            return Old(
                version: 3, database: VersionThree.database,
                identity: LogIdentity(logID: VersionThree.logID, signOffKey: VersionThree.signOffKey), contents: contents)
        }

        static var four: Old {
            let suspension = SuspensionRow(subject: Array("s-9".utf8), source: .operator, reason: "closed", wallTime: 1999)
            let report = ReportRow(
                number: 5, wallTime: 1999, user: Array("u-1".utf8), subject: Array("s-4".utf8), kind: "tip", text: "…")
            let contents = three.contents.flatMap { piece -> [Recovered] in
                switch piece {
                case .departing: [piece, .suspension(suspension)]
                case .cursor: [piece, .reported(through: 5), .audited(through: 1), .report(report)]
                default: [piece]
                }
            }
            return Old(
                version: 4, database: VersionFour.database,
                identity: LogIdentity(logID: VersionFour.logID, signOffKey: VersionFour.signOffKey), contents: contents, audit: audit)
        }

        private static let audit = [
            AuditEntry(
                number: 1, wallTime: 2000, peer: AuditEntry.Peer(uid: 1, gid: 2, pid: 3), method: "explain", user: 77,
                subject: Array("s-4".utf8), outcome: "shown")
        ]
    }

    /// `PRAGMA user_version`, as it lies in the file.
    private func schemaVersion() throws -> UInt8 { try place.bytes()[63] }

    @Test(arguments: Old.all)
    func anOldLogIsBroughtForwardWithAllThatIsInIt(old: Old) throws {
        try place.write(old.database)
        #expect(try Int(schemaVersion()) == old.version)
        let told = Mutex<[OpeningStep]>([])
        let store = try SQLiteStore.open(directory: place.path, durability: .process, auditKey: .ofTheTests) { step in
            told.withLock { $0.append(step) }
        }
        #expect(told.withLock { $0 } == [.checkingState, .migrating(from: old.version, to: 5), .ready])
        #expect(store.auditStart == (old.audit.isEmpty ? .begins : .continues))
        #expect(try store.verifyAudit() == AuditVerification(entries: Int64(old.audit.count)))
        #expect(store.wasClean)
        #expect(store.renewal == nil)
        #expect(store.identity == old.identity)
        #expect(store.head == LogHead(commit: 2, seq: 5))
        #expect(try Recovery(of: store).items == old.contents)
        #expect(try events(of: store) == decoded([block(1, count: 3), block(4, count: 2)]))
        #expect(try store.size().oldestCommit == 1000)

        // What only a newer version can keep, and what the old one kept, changed.
        let cursor = Cursor(name: Array("relay-2".utf8), acked: 4, wallTime: 3000)
        let signOff = SignOff(hash: .max, time: 7, until: 8, limits: [1, 2, 3])
        var moved = subject(4, "s-four")
        let shown = ShownPlace(precision: 200, center: Coordinate(latitude: 1, longitude: -1_800_000_000))
        moved.shown = shown
        let precision = PrecisionState(salt: [UInt8](repeating: 7, count: 16), fingerprint: [1, 2, 3, 4, 5, 6, 7, 8])
        let suspension = SuspensionRow(subject: Array("s-4".utf8), source: .operator, reason: "closed", wallTime: 3000)
        let report = ReportRow(number: 6, wallTime: 3000, user: Array("u-1".utf8), subject: Array("s-4".utf8), kind: "tip", text: "…")
        let entry = AuditEntry(
            number: Int64(old.audit.count) + 1, wallTime: 3000, peer: AuditEntry.Peer(uid: 1, gid: 2, pid: 3), method: "details",
            outcome: "granted")
        try store.append(
            Commit(
                number: 3, register: [.put(moved)], signOffs: [signOff], cursors: [.set(cursor)], suspensions: [.set(suspension)],
                reports: [.create(report)], audit: [entry], precision: precision, wallTime: 3000))
        #expect(try store.retain(Retention(beforeSeq: 3)) == RetentionStep(oldest: 3, removed: 2, isDone: true))
        try store.close()
        #expect(try schemaVersion() == 5)
        let again = try place.open()
        let items = try Recovery(of: again).items
        #expect(items.contains(.cursor(cursor)) && items.contains(.signOff(signOff)))
        #expect(items.first == .precision(precision) && items.dropFirst().first == .subject(moved))
        #expect(
            items.contains(.suspension(suspension)) && items.contains(.report(report)) && items.contains(.audited(through: entry.number)))
        #expect(again.auditStart == .continues)
        #expect(try again.auditEntries(after: 0, limit: 9) == old.audit + [entry])
        #expect(try again.verifyAudit() == AuditVerification(entries: entry.number))
        #expect(try again.subject(id: Array("s-four".utf8)) == moved)
        #expect(again.identity == store.identity)
        #expect(try again.oldest() == 3)
        #expect(try Inspection(directory: place.path).integrity() == [])
    }

    @Test(arguments: Old.all)
    func anOldLogCanBeInspectedAndStaysWhatItIs(old: Old) throws {
        try place.write(old.database)
        let before = try place.listing()
        let inspection = try Inspection(directory: place.path)
        #expect(inspection.schemaVersion == old.version)
        var found: [Recovered] = []
        func take(_ piece: Result<Recovered, StoreFault>) throws { found.append(try piece.get()) }
        try inspection.forEach(take)
        // The number of the last audit entry follows from the entries.
        #expect(found == old.contents.filter { $0 != .audited(through: 1) })
        #expect(try inspection.verifyAudit(#require(.ofTheTests)) == AuditVerification(entries: Int64(old.audit.count)))
        #expect(inspection.integrity() == [])
        #expect(try inspection.oldest.get() == 1)
        #expect(try place.listing() == before)
    }

    private func decoded(_ blocks: [EventBlock]) throws -> [Event] {
        var events: [Event] = []
        for block in blocks { try block.forEachView { events.append($0.event) } }
        return events
    }
}
