// Files that older versions wrote.

import Synchronization
import Testing
import VicinityCore
import VicinityStore

struct MigrationTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.write(VersionOne.database)
    }

    /// `PRAGMA user_version`, as it lies in the file.
    private func schemaVersion() throws -> UInt8 { try place.bytes()[63] }

    private var contents: [Recovered] {
        var row = subject(4, "s-4", kind: "toll")
        row.name = "Böhme & Söhne"
        return [
            .subject(row), .signOff(SignOff(hash: .max, time: 5, until: 6)), .page(StatePage(index: 7, bytes: [9])),
            .journal(commit: 1, bytes: [1, 2, 3]), .journal(commit: 2, bytes: [4, 5]),
        ]
    }

    @Test
    func aVersion1LogIsBroughtForwardWithAllThatIsInIt() throws {
        #expect(try schemaVersion() == 1)
        let told = Mutex<[OpeningStep]>([])
        let store = try SQLiteStore.open(directory: place.path, durability: .process) { step in told.withLock { $0.append(step) } }
        #expect(told.withLock { $0 } == [.checkingState, .migrating(from: 1, to: 2), .ready])
        #expect(store.wasClean)
        #expect(store.renewal == nil)
        #expect(store.identity == LogIdentity(logID: VersionOne.logID, signOffKey: VersionOne.signOffKey))
        #expect(store.head == LogHead(commit: 2, seq: 5))
        #expect(try Recovery(of: store).items == contents)
        #expect(try events(of: store) == decoded([block(1, count: 3), block(4, count: 2)]))
        #expect(try store.size().oldestCommit == 1000)

        // What only the new version can keep.
        let cursor = Cursor(name: Array("relay".utf8), acked: 4, wallTime: 3000)
        try store.append(Commit(number: 3, cursors: [.set(cursor)], wallTime: 3000))
        #expect(try store.retain(Retention(beforeSeq: 3)) == RetentionStep(oldest: 3, removed: 2, isDone: true))
        try store.close()
        #expect(try schemaVersion() == 2)
        let again = try place.open()
        #expect(try Recovery(of: again).items.contains(.cursor(cursor)))
        #expect(again.identity == store.identity)
        #expect(try again.oldest() == 3)
    }

    @Test
    func aVersion1LogCanBeInspectedAndStaysOne() throws {
        let before = try place.listing()
        let inspection = try Inspection(directory: place.path)
        #expect(inspection.schemaVersion == 1)
        var found: [Recovered] = []
        func take(_ piece: Result<Recovered, StoreFault>) throws { found.append(try piece.get()) }
        try inspection.forEach(take)
        #expect(found == contents)
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
