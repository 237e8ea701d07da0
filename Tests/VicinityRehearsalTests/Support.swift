import Foundation
import Glibc
import Synchronization
import Testing
import VicinityClient
import VicinityCore
import VicinityRehearsal

/// What a ``FakeEngine`` was asked, one text a call.
final class Diary: Sendable {
    private let entries = Mutex<[String]>([])

    var all: [String] { entries.withLock { $0 } }

    func note(_ text: String) { entries.withLock { $0.append(text) } }
}

/// An engine without rules: whoever sends a first fix enters "s", and leaves it in the end; a radius of 77 m is an error.
struct FakeEngine: RehearsalEngine {
    let diary: Diary
    let hasher = IDHasher(seed: 99)
    var tally = Tally()
    /// Whether each line has an entry of its own.
    var isTerse = false

    private var users: [[UInt8]] = []
    private var head: Int64 = 0
    private var events: [Event] = []
    private var errors: [LineError] = []

    init(_ diary: Diary, isTerse: Bool = false) {
        self.diary = diary
        self.isTerse = isTerse
    }

    mutating func put(_ placements: [SubjectPlacement], at now: ClockReading) {
        let texts = placements.map { placement in
            var text = "\(String(decoding: placement.id, as: UTF8.self)) \(placement.position.latitude) \(placement.position.longitude)"
            if let kind = placement.kind { text += " \(String(decoding: kind, as: UTF8.self))" }
            if let precision = placement.precision { text += " precision \(precision)" }
            if let from = placement.validFrom { text += " from \(from)" }
            if let until = placement.validUntil { text += " until \(until)" }
            return text
        }
        diary.note("put @\(text(now)) \(texts.joined(separator: ", "))")
    }

    mutating func apply(_ batch: FixBatch, at now: ClockReading) {
        precondition(batch.lineCount == batch.fixes.count && batch.errors.isEmpty, "only fixes come to the engine")
        if isTerse { diary.note("apply @\(text(now)) \(batch.firstLine)+\(batch.lineCount)") }
        for (index, fix) in batch.fixes.enumerated() {
            let id = Array(batch.ids[Int(fix.idOffset)..<Int(fix.idOffset) + Int(fix.idLength)])
            precondition(fix.hash == hasher.hash(id) && fix.line == index, "a fix that is what its batch says")
            if !isTerse {
                let accuracy = fix.accuracy > 0 ? " ±\(fix.accuracy)" : ""
                diary.note("\(fix.kind) \(String(decoding: id, as: UTF8.self)) \(fix.time)\(accuracy) @\(text(now))")
            }
            guard fix.radius != 77 else {
                errors.append(LineError(line: fix.line, code: .radiusTooSoon, message: "77 is too soon"))
                continue
            }
            tally.accepted += 1
            guard !users.contains(id), !isTerse else { continue }
            users.append(id)
            add(.enter(.user, .within(500)), user: id, time: max(fix.time, 0))
        }
    }

    mutating func advance(to now: ClockReading) { if !isTerse { diary.note("advance @\(text(now))") } }

    mutating func finish(at now: ClockReading) {
        diary.note("finish @\(text(now))")
        for (index, user) in users.enumerated() {
            add(.leave(.expired, encounter: Int64(index) + 1, lasted: 5), user: user, time: now.wall + 900_000)
        }
    }

    mutating func takeEvents() -> [Event] {
        defer { events = [] }
        return events
    }

    mutating func takeErrors() -> [LineError] {
        defer { errors = [] }
        return errors
    }

    func explanation(of user: [UInt8], subject: [UInt8]?, at now: ClockReading) -> String? {
        guard users.contains(user) else { return nil }
        return "\(String(decoding: user, as: UTF8.self)) at \(now.wall)\(subject == nil ? "" : ", one pair")\nand more"
    }

    private mutating func add(_ change: Event.Change, user: [UInt8], time: Int64) {
        head += 1
        events.append(Event(seq: head, time: time, change: change, user: user, subject: Array("s".utf8), kind: Array("toll".utf8)))
    }

    private func text(_ now: ClockReading) -> String {
        precondition(now.wall == now.steady, "both clocks go together")
        return "\(now.wall)"
    }
}

/// A directory of its own for the files of one test, and what a rehearsal said there.
final class Stage {
    let path: String
    let diary = Diary()

    init() throws {
        var template = Array("/tmp/vicinity-rehearsal-XXXXXX".utf8CString)
        path = try String(cString: #require(mkdtemp(&template)))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ text: String, _ name: String) throws -> String { try write(Array(text.utf8), name) }

    @discardableResult
    func write(_ bytes: [UInt8], _ name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    /// The file of this name as gzip, with `.gz` behind it.
    func gzip(_ name: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-n", "\(path)/\(name)"]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    /// Runs a rehearsal of files of this directory.
    func rehearse(
        _ fixes: [String], register: String = "r.csv", explained: String? = nil, isTerse: Bool = false
    ) throws -> Performance {
        try rehearse(fixes, register: register, explained: explained, with: FakeEngine(diary, isTerse: isTerse))
    }

    func rehearse<Engine: RehearsalEngine & ~Copyable>(
        _ fixes: [String], register: String = "r.csv", explained: String? = nil, with engine: consuming Engine
    ) throws -> Performance {
        let output = open("\(path)/.out", O_CREAT | O_RDWR | O_TRUNC, 0o600)
        let errors = open("\(path)/.err", O_CREAT | O_RDWR | O_TRUNC, 0o600)
        defer {
            close(output)
            close(errors)
        }
        let options = RehearsalOptions(
            register: "\(path)/\(register)", fixes: fixes.map { "\(path)/\($0)" }, explained: explained.flatMap { Explained($0) })
        let rehearsal = Rehearsal(options, engine: engine, console: Console(output: output, errors: errors), now: 1_000)
        var fault: ClientFault?
        do throws(ClientFault) { try rehearsal.run(radii: 50...1_000) { 3_500 } } catch { fault = error }
        return Performance(out: try lines(".out"), err: try lines(".err"), fault: fault)
    }

    private func lines(_ name: String) throws -> [String] {
        let text = try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8).replacing("\(path)/", with: "")
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }
}

/// What came of a rehearsal; the directory's name is left out of the texts.
struct Performance {
    let out: [String]
    let err: [String]
    let fault: ClientFault?
}

/// A line of a user somewhere, without a `ts` if there is none.
func line(_ user: String, _ time: Int64?, _ more: String = "") -> String {
    "{\"user\":\"\(user)\",\"lat\":1,\"lon\":2\(time.map { ",\"ts\":\($0)" } ?? "")\(more)}\n"
}

/// A track of one name with a point at each time, in milliseconds of a few seconds after 1970 began.
func track(_ name: String, _ times: [Int64]) -> String {
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let points = times.map { time in
        let milliseconds = String(1_000 + time % 1_000).dropFirst()
        return
            "<trkpt lat=\"1\" lon=\"2\"><time>1970-01-01T00:\(two(time / 60_000)):\(two(time / 1_000 % 60)).\(milliseconds)Z</time></trkpt>\n"
    }
    return "<trk><name>\(name)</name><trkseg>\n\(points.joined())</trkseg></trk>\n"
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
