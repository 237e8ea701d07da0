// From a directory to an open log, and everything that is refused on the way.

import Foundation
import Synchronization
import Testing
import VicinityStore

struct OpeningTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    @Test
    func aNewLogIsEmptyPrivateAndHasAnIdentity() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, journal: [1], wallTime: 0))
        #expect(store.identity.logID.count == 32)
        #expect(store.identity.signOffKey.count == 16)
        for suffix in ["", "-wal"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: place.database + suffix)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
        }
        #expect(Array(try place.bytes().prefix(15)) == Array("SQLite format 3".utf8))
        try store.close()
    }

    @Test
    func theIdentityStaysAndAnotherLogHasAnother() throws {
        let first = try place.open()
        try first.close()
        let again = try place.open()
        #expect(again.identity == first.identity)
        let other = try place.another().open()
        #expect(other.identity.logID != first.identity.logID)
        #expect(other.identity.signOffKey != first.identity.signOffKey)
    }

    /// What is told when it begins: nothing is checked in a new log, little after a clean stop, everything after another.
    @Test
    func theStepsAreTold() throws {
        let told = Mutex<[OpeningStep]>([])
        func open(_ place: Workplace) throws -> SQLiteStore {
            told.withLock { $0 = [] }
            return try SQLiteStore.open(directory: place.path, durability: .process) { step in told.withLock { $0.append(step) } }
        }
        let store = try open(place)
        #expect(told.withLock { $0 } == [.beginning, .ready])
        try store.append(Commit(number: 1, journal: [1], wallTime: 0))
        let crashed = try open(place.crashed())
        let bytes = try crashed.size().bytes / 4096 * 4096
        #expect(told.withLock { $0.last } == .ready)
        guard case .checkingFile(let checked) = told.withLock({ $0.first }) else {
            Issue.record("\(told.withLock { $0 })")
            return
        }
        #expect(checked > 0 && checked <= bytes)
        try store.close()
        try open(place).close()
        #expect(told.withLock { $0 } == [.checkingState, .ready])
    }

    @Test
    func onlyACloseIsAClean() throws {
        let first = try place.open()
        #expect(first.wasClean)
        let crashed = try place.crashed().open()
        #expect(!crashed.wasClean)
        try first.close()
        let second = try place.open()
        #expect(second.wasClean)
        try second.close()
    }

    @Test
    func aClosedStoreRefuses() throws {
        let store = try place.open()
        try store.close()
        let closed = StoreFault.closed(path: place.database)
        #expect(throws: closed) { try store.append(Commit(number: 1, wallTime: 0)) }
        #expect(throws: closed) { try store.blocks(after: 0, maxBytes: 1) }
    }

    @Test
    func closingEmptiesTheWAL() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, journal: Array(repeating: 1, count: 50_000), wallTime: 0))
        #expect(try !place.bytes("-wal").isEmpty)
        try store.close()
        let left = try? place.bytes("-wal")
        #expect((left ?? []).isEmpty)
    }

    @Test
    func aNewerSchemaIsRefusedAndLeftAlone() throws {
        try place.open().close()
        var bytes = try place.bytes()
        bytes.replaceSubrange(60..<64, with: [0, 0, 0, 99])  // user_version
        try place.write(bytes)
        let fault = #expect(throws: StoreFault.self) { try place.open() }
        #expect(fault == .newerSchema(path: place.database, found: 99, known: 5))
        #expect(fault?.description.contains("schema 99") == true)
        #expect(try place.bytes() == bytes)
    }

    @Test
    func theDatabaseOfAnotherProgramIsRefusedAndLeftAlone() throws {
        try place.open().close()
        var bytes = try place.bytes()
        bytes.replaceSubrange(68..<72, with: [1, 2, 3, 4])  // application_id
        try place.write(bytes)
        #expect(throws: StoreFault.foreign(path: place.database)) { try place.open() }
        bytes.replaceSubrange(60..<64, with: [0, 0, 0, 0])
        bytes.replaceSubrange(68..<72, with: [0, 0, 0, 0])
        try place.write(bytes)
        #expect(throws: StoreFault.foreign(path: place.database)) { try place.open() }
        #expect(try place.bytes() == bytes)
    }

    @Test
    func whatIsNoDatabaseIsRefusedAndLeftAlone() throws {
        let text = Array(String(repeating: "This is a letter to my mother. ", count: 300).utf8)
        try place.write(text)
        #expect(throws: StoreFault.notADatabase(path: place.database)) { try place.open() }
        #expect(try place.bytes() == text)
    }

    @Test
    func anEmptyFileBecomesALog() throws {
        try place.write([])
        let store = try place.open()
        #expect(store.head == LogHead(commit: 0, seq: 0))
    }

    @Test
    func aDirectoryInTheWayIsNamed() throws {
        try FileManager.default.createDirectory(atPath: place.database, withIntermediateDirectories: false)
        let fault = #expect(throws: StoreFault.self) { try place.open() }
        guard case .cannotOpen(place.database, _) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test
    func aMissingDirectoryIsNamed() throws {
        let fault = #expect(throws: StoreFault.self) {
            try SQLiteStore.open(directory: "/nonexistent/vicinity", durability: .process)
        }
        #expect(fault == .cannotOpen(path: "/nonexistent/vicinity/vicinity.db", reason: "No such file or directory"))
    }

    /// Root may write everywhere, so that there is nothing to see for it.
    @Test(.enabled(if: geteuid() != 0))
    func aDirectoryThatIsNotOursToWriteIsNamed() throws {
        #expect(chmod(place.path, 0o500) == 0)
        defer { _ = chmod(place.path, 0o700) }
        let fault = #expect(throws: StoreFault.self) { try place.open() }
        #expect(fault == .notWritable(path: place.database, reason: "Permission denied"))
    }

    /// What SQLite and the system say, and what the operator hears.
    @Test(
        arguments: [
            (13, .diskFull(path: "p")), (5, .locked(path: "p")), (517, .locked(path: "p")), (26, .notADatabase(path: "p")),
            (11, .damaged(path: "p", what: "m (SQLite 11)")), (267, .damaged(path: "p", what: "m (SQLite 267)")),
            (8, .notWritable(path: "p", reason: "m (SQLite 8)")), (14, .cannotOpen(path: "p", reason: "m (SQLite 14)")),
            (10, .inputOutput(path: "p", reason: "m (SQLite 10)")), (1034, .inputOutput(path: "p", reason: "m (SQLite 1034)")),
            (7, .inputOutput(path: "p", reason: "m (SQLite 7)")), (2067, .refused(path: "p", reason: "m (SQLite 2067)")),
        ] as [(CInt, StoreFault)])
    func codes(code: CInt, fault: StoreFault) {
        #expect(StoreFault(sqliteCode: code, message: "m", path: "p") == fault)
    }

    @Test
    func damageNamesTheToolThatHelps() {
        let sentence = StoreFault.damaged(path: "/var/lib/vicinity/vicinity.db", what: "it is torn").description
        #expect(sentence.contains("vicinityctl doctor /var/lib/vicinity says what is wrong"))
        #expect(sentence.contains("doctor --salvage saves what can be saved"))
    }

    @Test(
        arguments: [
            (EACCES, .notWritable(path: "p", reason: "Permission denied")),
            (EROFS, .notWritable(path: "p", reason: "Read-only file system")),
            (ENOSPC, .diskFull(path: "p")), (EMFILE, .cannotOpen(path: "p", reason: "Too many open files")),
        ] as [(CInt, StoreFault)])
    func errnos(code: CInt, fault: StoreFault) {
        #expect(StoreFault(opening: "p", errno: code) == fault)
    }
}
