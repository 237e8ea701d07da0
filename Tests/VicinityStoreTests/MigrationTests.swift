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

        var testDescription: String { "version \(version)" }

        static let all = [one, two]

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
    }

    /// `PRAGMA user_version`, as it lies in the file.
    private func schemaVersion() throws -> UInt8 { try place.bytes()[63] }

    @Test(arguments: Old.all)
    func anOldLogIsBroughtForwardWithAllThatIsInIt(old: Old) throws {
        try place.write(old.database)
        #expect(try Int(schemaVersion()) == old.version)
        let told = Mutex<[OpeningStep]>([])
        let store = try SQLiteStore.open(directory: place.path, durability: .process) { step in told.withLock { $0.append(step) } }
        #expect(told.withLock { $0 } == [.checkingState, .migrating(from: old.version, to: 3), .ready])
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
        let moved = subject(4, "s-four")
        try store.append(Commit(number: 3, register: [.put(moved)], signOffs: [signOff], cursors: [.set(cursor)], wallTime: 3000))
        #expect(try store.retain(Retention(beforeSeq: 3)) == RetentionStep(oldest: 3, removed: 2, isDone: true))
        try store.close()
        #expect(try schemaVersion() == 3)
        let again = try place.open()
        let items = try Recovery(of: again).items
        #expect(items.contains(.cursor(cursor)) && items.contains(.signOff(signOff)) && items.first == .subject(moved))
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
        #expect(found == old.contents)
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
