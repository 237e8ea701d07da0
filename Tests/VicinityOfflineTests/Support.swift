// What the tests share: directories that vanish, numbers from a seed, and a daemon without sockets that fills a state directory.

import Foundation
import Testing
import VicinityCore
import VicinityStore

/// A directory for a test, gone with the last reference.
final class Place: Sendable {
    let path: String

    init() throws {
        // In memory if the system has a place for that: nothing here loses power.
        let root = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : FileManager.default.temporaryDirectory.path
        path = "\(root)/vicinity-offline-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    static let files = ["vicinity.db", "vicinity.db-wal", "vicinity.db-shm", "vicinity.head"]

    /// A directory inside this one, with copies of files of a state directory: what a crash of that moment leaves.
    func copy(
        of directory: String, as name: String, files: [String] = ["vicinity.db", "vicinity.db-wal", "vicinity.head"]
    ) throws -> String {
        let target = "\(path)/\(name)"
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
        for file in files where FileManager.default.fileExists(atPath: "\(directory)/\(file)") {
            try FileManager.default.copyItem(atPath: "\(directory)/\(file)", toPath: "\(target)/\(file)")
        }
        return target
    }

    /// Every file of a directory with its bytes.
    static func contents(of directory: String) throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            contents[name] = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)"))
        }
        return contents
    }
}

/// SplitMix64: the same numbers from the same seed.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// Fills a state directory as a daemon does: fixes, a register, commits with journals and pages, cursors.
struct MiniDaemon: ~Copyable {
    let store: SQLiteStore
    private var engine: Engine
    private var changes = Changes()
    private var commit: Commit
    private var builder: EventBlockBuilder
    private var nextPage = 0
    private var roundBegan: Int64
    /// Unix milliseconds; goes on with every commit.
    var now: Int64 = 1_700_000_000_000
    private var clock: ClockReading { ClockReading(wall: now, steady: now) }
    /// Events after which a block is full.
    var eventsPerBlock = 20

    /// Opens the log of a directory, or goes on with it.
    init(_ directory: String) throws {
        let store = try SQLiteStore.open(directory: directory, durability: .process)
        let engine = try Engine.recovered(from: store)
        self.store = store
        self.engine = engine
        commit = Commit(number: store.head.commit + 1, wallTime: now)
        builder = EventBlockBuilder(firstSeq: store.head.seq + 1)
        roundBegan = commit.number
    }

    var head: Int64 { engine.head }
    var userCount: Int { engine.userCount }
    var pairCount: Int { engine.pairCount }
    var openPairs: [Event] { mutating get { engine.openPairs } }

    mutating func put(_ subjects: [(id: String, latitude: Double, longitude: Double, kind: String?)]) throws {
        let rows = subjects.map { subject in
            SubjectRow(
                slot: 0, id: Array(subject.id.utf8), kind: subject.kind.map { Array($0.utf8) }, latitude: subject.latitude,
                longitude: subject.longitude, name: "the place \(subject.id)")
        }
        let placements = try rows.map { row in
            SubjectPlacement(
                id: row.id, kind: row.kind,
                position: try #require(Coordinate(latitudeDegrees: row.latitude, longitudeDegrees: row.longitude)))
        }
        for (row, slot) in zip(rows, engine.put(placements, now: clock, into: &changes)) {
            var placed = row
            placed.slot = slot
            commit.register.append(.put(placed))
        }
        collect()
    }

    mutating func remove(_ id: String) {
        let slots = engine.remove([Array(id.utf8)], now: clock, into: &changes)
        commit.register += slots.map { .remove(slot: $0) }
        collect()
    }

    /// A fix of a user; the time is that of now.
    mutating func fix(_ user: String, _ latitude: Double, _ longitude: Double) { apply(.user, user, latitude, longitude) }

    /// A fix of a subject that moves.
    mutating func move(_ subject: String, _ latitude: Double, _ longitude: Double) { apply(.subject, subject, latitude, longitude) }

    mutating func gone(_ user: String) { apply(.gone, user, 0, 0) }

    private mutating func apply(_ kind: Fix.Kind, _ id: String, _ latitude: Double, _ longitude: Double) {
        var batch = FixBatch(source: 1, firstLine: 1)
        batch.ids = Array(id.utf8)
        let hash = batch.ids.withUnsafeBufferPointer { ids in ids.baseAddress.map { engine.hasher.hash($0, count: ids.count) } ?? 0 }
        batch.fixes = [
            Fix(
                kind: kind, idOffset: 0, idLength: UInt8(batch.ids.count), line: 0, hash: hash, latitude: Int32((latitude * 1e7).rounded()),
                longitude: Int32((longitude * 1e7).rounded()), time: now)
        ]
        batch.lineCount = 1
        engine.apply(batch, now: clock, into: &changes)
        collect()
    }

    mutating func cursor(_ name: String, at seq: Int64) {
        commit.cursors.append(.set(Cursor(name: Array(name.utf8), acked: seq, wallTime: now)))
    }

    /// Makes everything since the last commit durable, with a page of the state.
    mutating func append() throws {
        if let block = builder.finish() { commit.blocks.append(block) }
        builder = EventBlockBuilder(firstSeq: engine.head + 1)
        engine.takeJournal(into: &commit.journal)
        if nextPage < engine.pageCount {
            var bytes: [UInt8] = []
            engine.encodePage(nextPage, commit: commit.number, into: &bytes)
            commit.pages.append(StatePage(index: engine.pageName(nextPage), bytes: bytes))
            nextPage += 1
        }
        if nextPage >= engine.pageCount, nextPage > 0 {
            commit.journalNeededFrom = roundBegan
            roundBegan = commit.number
            nextPage = 0
        }
        commit.wallTime = now
        try store.append(commit)
        commit = Commit(number: commit.number + 1, wallTime: now)
        now += 1000
    }

    /// Brings a new edition of the register without some of its subjects, and leaves it at the swap, while the next one is staged.
    mutating func swapRegister(without ids: Set<String>) throws {
        try append()
        let rows = try store.subjects(after: nil, limit: 10_000, kind: nil)
        let staying = rows.filter { !ids.contains(String(decoding: $0.id, as: UTF8.self)) }
        try #require(staying.count + ids.count == rows.count)
        commit.edition = [.begin] + staying.map { .put($0) } + [.swap(at: now), .begin] + staying.prefix(3).map { .put($0) }
        try append()
    }

    private mutating func collect() {
        for transition in changes.transitions {
            if builder.count >= eventsPerBlock, let block = builder.finish() {
                commit.blocks.append(block)
                builder = EventBlockBuilder(firstSeq: transition.seq)
            }
            builder.append(engine.event(transition))
        }
        commit.signOffs += changes.signOffs
        changes.removeAll()
        engine.reclaim()
    }
}

extension Engine {
    /// Every pair that is inside, as the enter that opened it, by seq.
    var openPairs: [Event] {
        mutating get {
            var pairs: [Event] = []
            let cut = beginCut()
            while let piece = readCut(cut) {
                piece.pairs.forEachView { pairs.append($0.event) }
                if piece.isLast { break }
            }
            return pairs.sorted { $0.seq < $1.seq }
        }
    }
}

/// A crowd that walks among places, from a seed: who comes, goes, signs off; subjects that are put, moved and removed.
struct Crowd {
    var random: Seeded
    var users = 60
    var subjects = 12

    init(seed: UInt64) { random = Seeded(seed) }

    mutating func begin(_ daemon: inout MiniDaemon) throws {
        var places: [(id: String, latitude: Double, longitude: Double, kind: String?)] = []
        for index in 0..<subjects {
            let latitude = 39.9 + 0.003 * Double(index % 4)
            let longitude = 116.4 + 0.003 * Double(index / 4)
            places.append((id: "s-\(index)", latitude: latitude, longitude: longitude, kind: index % 3 == 0 ? nil : "toll"))
        }
        try daemon.put(places)
        try daemon.append()
    }

    /// One commit.
    mutating func step(_ daemon: inout MiniDaemon) throws {
        for _ in 0..<users / 3 {
            let user = "user-\(Int.random(in: 0..<users, using: &random))"
            switch Int.random(in: 0..<20, using: &random) {
            case 0: daemon.gone(user)
            case 1: daemon.move("s-\(Int.random(in: 0..<subjects, using: &random))", near(39.9), near(116.4))
            default: daemon.fix(user, near(39.9), near(116.4))
            }
            daemon.now += 1
        }
        if Int.random(in: 0..<5, using: &random) == 0 {
            let index = Int.random(in: 0..<subjects, using: &random)
            daemon.remove("s-\(index)")
            daemon.now += 1
            try daemon.put([(id: "s-\(index)", latitude: near(39.9), longitude: near(116.4), kind: "toll")])
        }
        try daemon.append()
    }

    private mutating func near(_ degrees: Double) -> Double { degrees + Double.random(in: 0...0.012, using: &random) }
}

/// Reads a directory as a daemon does at its start.
struct Reading: Equatable {
    var head = LogHead(commit: 0, seq: 0)
    var recovered: [Recovered] = []
    var events: [Event] = []
    var oldest: Int64 = 0
    var openPairs: [Event] = []
    var users = 0
    var logID = ""

    /// - Throws: ``StoreFault``, or ``Restoration/Damaged``.
    init(_ directory: String) throws {
        let store = try SQLiteStore.open(directory: directory, durability: .process)
        defer { try? store.close() }
        logID = store.identity.logID
        var engine = try Engine.recovered(from: store) { recovered.append($0) }
        head = store.head
        openPairs = engine.openPairs
        users = engine.userCount
        oldest = try store.oldest()
        var position: Int64 = 0
        while true {
            let blocks = try store.blocks(after: position, maxBytes: 1 << 20)
            guard let last = blocks.last else { break }
            for block in blocks { try block.forEachView { events.append($0.event) } }
            position = last.lastSeq
        }
    }
}

extension Engine {
    /// The engine as a daemon puts it together at its start.
    static func recovered(from store: SQLiteStore, _ body: (Recovered) -> Void = { _ in }) throws -> Engine {
        guard let key = SipHashKey(bytes: store.identity.signOffKey) else { throw Restoration.Damaged(what: "the key") }
        var rules = Rules()
        // People cross the world from one line to the next.
        rules.maxSpeed = 0
        var restoration = Restoration(Engine(rules: rules, hashSeed: 1, signOffKey: key, precisionKey: SipHashKey(3, 4)))
        let head = try store.recover { piece in
            body(piece)
            switch piece {
            case .subject(let row), .departing(let row):
                guard let position = Coordinate(latitudeDegrees: row.latitude, longitudeDegrees: row.longitude) else {
                    throw Restoration.Damaged(what: "a place")
                }
                restoration.subject(slot: row.slot, SubjectPlacement(id: row.id, kind: row.kind, position: position), shown: row.shown)
            case .signOff(let entry): restoration.signOff(entry)
            case .precision, .cursor, .swap, .suspension, .reported, .audited, .report: break
            case .page(let page): try restoration.page(name: page.index, page.bytes)
            case .journal(let commit, let bytes): if !bytes.isEmpty { try restoration.journal(commit: commit, bytes) }
            }
        }
        let engine = try restoration.finish(now: ClockReading(wall: 0, steady: 0))
        guard engine.head == head.seq else { throw Restoration.Damaged(what: "the state ends at another event than the log") }
        return engine
    }
}
