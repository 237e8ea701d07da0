// What the tests of the store share: directories that vanish, commits drawn from a seed, and the dumb truth to compare with.

import Foundation
import Glibc
import Testing
import VicinityCore
import VicinityStore

/// A directory of its own for a test. A suite holds one, so that it lives as long as its test, and goes with it.
final class Workplace: Sendable {
    let path: String
    /// What this one lies in, which goes with everything in it; `nil` if it stands by itself.
    private let parent: Workplace?

    init() throws {
        parent = nil
        // In memory if the system has a place for that: the tests sync thousands of times, and none of them loses power.
        let memory = "/dev/shm"
        let root = FileManager.default.isWritableFile(atPath: memory) ? memory : FileManager.default.temporaryDirectory.path
        path = "\(root)/vicinity-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    private init(in parent: Workplace) throws {
        self.parent = parent
        path = "\(parent.path)/\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        if parent == nil { try? FileManager.default.removeItem(atPath: path) }
    }

    /// An empty one that lives as long as this one.
    func another() throws -> Workplace { try Workplace(in: self) }

    var database: String { "\(path)/\(SQLiteStore.fileName)" }

    var headFile: String { "\(path)/\(HeadRecord.fileName)" }

    func open(
        _ durability: Durability = .process, busyTimeout: Double = 5, bootID: BootID? = .thisTest,
        copying: WALCopying = .byWriter, auditKey: AuditKey? = .ofTheTests
    ) throws(StoreFault) -> SQLiteStore {
        try SQLiteStore.open(
            directory: path, durability: durability, busyTimeout: busyTimeout, bootID: bootID, copying: copying, auditKey: auditKey)
    }

    /// What a crash at this moment would leave: the file and the WAL, without the shared memory.
    ///
    /// - Parameters:
    ///   - withHead: whether the head file comes along.
    ///   - parent: what the copy lies in; `nil` is this one.
    func crashed(withHead: Bool = true, in parent: Workplace? = nil) throws -> Workplace {
        let copy = try (parent ?? self).another()
        let manager = FileManager.default
        for suffix in ["", "-wal"] where manager.fileExists(atPath: database + suffix) {
            try manager.copyItem(atPath: database + suffix, toPath: copy.database + suffix)
        }
        if withHead, manager.fileExists(atPath: headFile) { try manager.copyItem(atPath: headFile, toPath: copy.headFile) }
        return copy
    }

    /// The lock that a writer holds in WAL mode is byte 120 of the shared memory; during `body` another holder has it.
    func whileAnotherWrites(_ body: () throws -> Void) throws {
        let descriptor = Glibc.open(database + "-shm", O_RDWR)
        defer { _ = close(descriptor) }
        var lock = flock()
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = 120
        lock.l_len = 1
        lock.l_type = Int16(F_WRLCK)
        let setForThisDescriptorAlone: CInt = 37  // F_OFD_SETLK
        #expect(fcntl(descriptor, setForThisDescriptorAlone, &lock) == 0)
        try body()
    }

    struct File: Equatable {
        let bytes: Data
        let changed: Date?
    }

    /// Every file of the directory.
    func listing() throws -> [String: File] {
        var found: [String: File] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: path) {
            let file = "\(path)/\(name)"
            let changed = try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
            found[name] = File(bytes: try Data(contentsOf: URL(fileURLWithPath: file)), changed: changed)
        }
        return found
    }

    /// The bytes of the file.
    func bytes(_ suffix: String = "") throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: database + suffix))) }

    func write(_ bytes: [UInt8], _ suffix: String = "") throws { try Data(bytes).write(to: URL(fileURLWithPath: database + suffix)) }
}

extension BootID {
    /// The tests are all of one start of the machine, unless they say otherwise.
    static let thisTest = BootID("00112233-4455-6677-8899-aabbccddeeff")
    static let another = BootID("ffeeddcc-bbaa-9988-7766-554433221100")
}

extension AuditKey {
    /// The tests are all of one installation, unless they say otherwise.
    static let ofTheTests = AuditKey(bytes: Array(0..<32))
    static let ofAnother = AuditKey(bytes: Array(1...32))
}

/// An entry with something in every column, or in few.
func auditEntry(_ number: Int64, wallTime: Int64, using random: inout Seeded) -> AuditEntry {
    let fields = ["phone", "opening hours", "", "Größe"].filter { _ in Bool.random(using: &random) }
    return AuditEntry(
        number: number, wallTime: wallTime,
        peer: AuditEntry.Peer(uid: UInt32.max, gid: UInt32(number % 7), pid: Int32(truncatingIfNeeded: number)),
        method: ["details", "users.forget", "explain"].randomElement(using: &random) ?? "details",
        user: Bool.random(using: &random) ? random.next() : nil,
        subject: Bool.random(using: &random) ? Array("s-\(number % 5)".utf8) : nil,
        purpose: Bool.random(using: &random) ? "asked by telephone" : nil, outcome: Bool.random(using: &random) ? "granted" : "not_near",
        fields: fields, detail: Bool.random(using: &random) ? "" : nil)
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

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: next()) { bytes.append(contentsOf: $0) } }
        return Array(bytes.prefix(count))
    }
}

/// A block of `count` enters.
func block(_ firstSeq: Int64, count: Int) -> EventBlock {
    var builder = EventBlockBuilder(firstSeq: firstSeq)
    for seq in firstSeq..<firstSeq + Int64(count) {
        builder.append(
            Event(
                seq: seq, time: 1_700_000_000_000 + seq, change: .enter(.user, .within(500)), user: Array("u-\(seq)".utf8),
                subject: Array("s-\(seq % 7)".utf8), kind: nil))
    }
    // At least one event was appended.
    return builder.finish() ?? EventBlock(firstSeq: firstSeq, count: 0, bytes: [])
}

func subject(_ slot: UInt32, _ id: String, kind: String? = nil) -> SubjectRow {
    SubjectRow(slot: slot, id: Array(id.utf8), kind: kind.map { Array($0.utf8) }, latitude: 39.9042, longitude: -116.4074)
}

/// Draws commits that follow one another, with everything that a commit can bring.
struct CommitMaker {
    private(set) var random: Seeded
    private var number: Int64 = 1
    private var seq: Int64 = 1
    private var sweepBegan: Int64 = 1
    private var reported: Int64 = 0
    private(set) var audited: Int64 = 0
    /// Whether an edition of the register is staged, and whether a swap is not settled.
    private var isStaging = false
    private var isSwapping = false

    init(seed: UInt64) { random = Seeded(seed) }

    /// Of the last commit, in Unix milliseconds.
    var wallTime: Int64 { 1_700_000_000_000 + (number - 1) * 1000 }

    mutating func next() -> Commit {
        var commit = Commit(number: number, wallTime: 1_700_000_000_000 + number * 1000)
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let made = block(seq, count: Int.random(in: 1...40, using: &random))
            seq = made.lastSeq + 1
            commit.blocks.append(made)
        }
        commit.journal = random.bytes(Int.random(in: 0...9000, using: &random))
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let bytes = random.bytes(Int.random(in: 1...6000, using: &random))
            commit.pages.append(StatePage(index: Int.random(in: 0..<5, using: &random), bytes: bytes))
        }
        if number.isMultiple(of: 5) {
            commit.journalNeededFrom = sweepBegan
            sweepBegan = number
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) { commit.register.append(registerChange()) }
        if Bool.random(using: &random) {
            let until = commit.wallTime + Int64.random(in: -5000...5000, using: &random)
            let limits = Bool.random(using: &random) ? [] : random.bytes(Int.random(in: 1...200, using: &random))
            commit.signOffs = [SignOff(hash: UInt64.random(in: .min ... .max, using: &random), time: number, until: until, limits: limits)]
        }
        for _ in 0..<Int.random(in: 0...2, using: &random) { commit.cursors.append(cursorChange()) }
        for _ in 0..<Int.random(in: 0...4, using: &random) { if let change = editionChange() { commit.edition.append(change) } }
        addReports(to: &commit)
        for _ in 0..<max(0, Int.random(in: -2...3, using: &random)) {
            audited += 1
            commit.audit.append(auditEntry(audited, wallTime: commit.wallTime, using: &random))
        }
        number += 1
        return commit
    }

    private mutating func addReports(to commit: inout Commit) {
        if Int.random(in: 0..<3, using: &random) == 0 {
            let subject = Array("s-\(Int.random(in: 0..<6, using: &random))".utf8)
            let source = SuspensionRow.Source.allCases.randomElement(using: &random) ?? .operator
            let row = SuspensionRow(subject: subject, source: source, reason: "reason \(number)", wallTime: commit.wallTime)
            commit.suspensions = [Bool.random(using: &random) ? .set(row) : .remove(subject: subject, source: source)]
        }
        for _ in 0..<max(0, Int.random(in: -2...2, using: &random)) {
            reported += 1
            commit.reports.append(
                .create(
                    ReportRow(
                        number: reported, wallTime: commit.wallTime, user: Array("u-\(reported % 5)".utf8), subject: Array("s-1".utf8),
                        kind: "dispute", text: Bool.random(using: &random) ? "it is \(number)" : nil,
                        countsUntil: Bool.random(using: &random) ? commit.wallTime + 5000 : nil)))
        }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: commit.reports.append(.anonymise(user: Array("u-\(number % 5)".utf8)))
        case 1...4:
            let note = Bool.random(using: &random) ? "note \(number)" : nil
            let resolution = ReportRow.Resolution(outcome: "upheld", note: note, wallTime: commit.wallTime)
            commit.reports.append(.resolve(number: Int64.random(in: 0...reported + 1, using: &random), resolution))
        default: break
        }
    }

    /// The store was opened again: what was staged is gone.
    mutating func restarted() { isStaging = false }

    private mutating func editionChange() -> EditionChange? {
        switch Int.random(in: 0..<16, using: &random) {
        case 0...1:
            isStaging = true
            return .begin
        case 2 where isStaging:
            isStaging = false
            return .discard
        case 3...5 where isStaging && !isSwapping:
            isStaging = false
            isSwapping = true
            return .swap(at: number)
        case 6...7 where isSwapping:
            isSwapping = false
            return .settled
        case 8... where isStaging:
            switch registerChange() {
            case .put(let row): return .put(row)
            case .remove(let slot), .show(let slot, _): return .remove(slot: slot)
            }
        default: return nil
        }
    }

    private mutating func cursorChange() -> CursorChange {
        // Names whose order is that of their bytes, and of no language.
        let name = Array(["relay-1", "relay-10", "relay-2", "Zug", "änderung"][Int.random(in: 0..<5, using: &random)].utf8)
        guard Int.random(in: 0..<5, using: &random) > 0 else { return .remove(name: name) }
        return .set(Cursor(name: name, acked: Int64.random(in: 0..<seq, using: &random), wallTime: number))
    }

    private mutating func registerChange() -> RegisterChange {
        let slot = UInt32.random(in: 0..<30, using: &random)
        guard Int.random(in: 0..<4, using: &random) > 0 else {
            return Bool.random(using: &random) ? .remove(slot: slot) : .show(slot: slot, place())
        }
        // The id follows from the slot, so that no two have the same.
        var row = subject(slot, "s-\(slot)", kind: Bool.random(using: &random) ? "toll" : nil)
        row.latitude = Double.random(in: -90...90, using: &random)
        row.precision = Bool.random(using: &random) ? 250 : nil
        row.name = Bool.random(using: &random) ? "Böhme & Söhne" : nil
        row.details = Bool.random(using: &random) ? #"{"lanes":4,"note":"…"}"# : nil
        row.validFrom = Bool.random(using: &random) ? Int64.random(in: 0...1 << 53, using: &random) : nil
        row.validUntil = Bool.random(using: &random) ? Int64.random(in: 0...1 << 53, using: &random) : nil
        row.shown = Bool.random(using: &random) ? place() : nil
        return .put(row)
    }

    private mutating func place() -> ShownPlace {
        ShownPlace(
            precision: Double.random(in: 0.001...100_000, using: &random),
            center: Coordinate(
                latitude: Int32.random(in: -900_000_000...900_000_000, using: &random),
                longitude: Int32.random(in: -1_800_000_000..<1_800_000_000, using: &random)))
    }
}

/// What recovery gives, with its head.
struct Recovery: Equatable {
    var items: [Recovered] = []
    var head = LogHead(commit: 0, seq: 0)

    init(of store: some LogStore) throws {
        head = try store.recover { items.append($0) }
    }
}

/// Every event after `seq`, read in steps of `maxBytes`.
func events(of store: some LogReader, after seq: Int64 = 0, maxBytes: Int = 1 << 20) throws -> [Event] {
    var events: [Event] = []
    var position = seq
    while true {
        let blocks = try store.blocks(after: position, maxBytes: maxBytes)
        guard let last = blocks.last else { return events }
        for block in blocks {
            try block.forEachView { view in
                if view.seq > position { events.append(view.event) }
            }
        }
        position = last.lastSeq
    }
}

func memoryStore(identity: LogIdentity = LogIdentity(logID: "memory", signOffKey: [])) -> MemoryStore {
    MemoryStore(MemoryStore.Contents(identity: identity), auditKey: .ofTheTests)
}
