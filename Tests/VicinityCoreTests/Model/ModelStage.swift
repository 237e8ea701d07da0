import Testing
import VicinityCore
import VicinitySimulation

extension Rules {
    /// The contract's defaults, but that nothing takes time and any speed is plausible.
    static var timeless: Rules {
        var rules = Rules()
        rules.radiusInterval = 0
        rules.maxSpeed = 0
        rules.expireAfter = 0
        return rules
    }
}

/// A sentence of the contract or of decision 0033, and what happens by it.
///
/// A line of the transcript is a step, a bar, and what the model makes of it: events, then errors, then what is counted.
/// Positions are metres on the equator, east of 0°, `ts` comes after an `@`, spans are milliseconds:
///
///     fix u 400 @5000 acc=20 radius=300 | enter user s u 5000
///     move s 0 @5000                    |
///     gone u @6000                      | leave gone s u 6000
///     put s 0 from=… until=…            |
///     remove s                          |
///     suspend s operator                | leave suspended s u 1000000
///     resume s operator                 |
///     forget u                          | leave gone s u 1000000
///     clock 500                         |
///     jump -500                         |
///     rules max_speed=300               |
///
/// The system clock begins at 1,000,000; settings as in ``VicinityCore/Rules/timeless``, and enters say nothing of distances.
struct Scenario: Sendable, CustomTestStringConvertible {
    let sentence: String
    let transcript: [String]

    init(_ sentence: String, _ transcript: String) {
        self.sentence = sentence
        self.transcript = transcript.split(separator: "\n").map { Self.plain(String($0)) }
    }

    var testDescription: String { sentence }

    /// A line with one space between two words.
    private static func plain(_ text: String) -> String { text.split(separator: " ").joined(separator: " ") }

    /// The transcript as it turns out.
    func play() throws -> [String] {
        var stage = Stage()
        return try transcript.map { line in
            let step = try #require(line.split(separator: "|", omittingEmptySubsequences: false).first)
            return Self.plain("\(step)| \(try stage.perform(String(step)))")
        }
    }
}

private struct Stage {
    /// The WGS 84 equator is a circle of 6,378,137 m, so distances along it are known without a geodesic.
    private static let metresPerUnit = 6_378_137 * Double.pi / 180 * 1e-7

    private var rules = Rules.timeless
    private var model: Model

    init() {
        rules.disclosure = .nothing
        model = Model(rules: rules, at: ClockReading(wall: 1_000_000, steady: 0))
    }

    /// - Returns: what came of it, separated by commas.
    mutating func perform(_ text: String) throws -> String {
        let step = try step(text)
        let events = model.events.count
        let tally = model.tally
        model.perform(step)
        var outcome = model.events[events...].map(Self.describe)
        outcome += model.errors.map { "error \($0.code.rawValue)" }
        for (word, count) in [
            ("stale", model.tally.stale - tally.stale), ("inaccurate", model.tally.inaccurate - tally.inaccurate),
            ("implausible", model.tally.implausible - tally.implausible),
        ] {
            outcome += Array(repeating: word, count: Int(count))
        }
        return outcome.joined(separator: ", ")
    }

    private static func describe(_ event: Event) -> String {
        let pair = "\(String(decoding: event.subject, as: UTF8.self)) \(String(decoding: event.user ?? [], as: UTF8.self)) \(event.time)"
        switch event.change {
        case .enter(let cause, .nothing): return "enter \(cause.word) \(pair)"
        case .enter(let cause, .within(let metres)): return "enter \(cause.word) \(pair) within \(Int(metres))"
        case .enter(let cause, .distance(let metres)): return "enter \(cause.word) \(pair) at \(metres)"
        case .leave(let cause, _, _): return "leave \(cause.word) \(pair)"
        case .report(let number, let kind): return "report \(number) \(kind) \(pair)"
        case .following: return "following \(pair)"
        }
    }

    private mutating func step(_ text: String) throws -> Step {
        let words = text.split(separator: " ")
        let verb = try #require(words.first)
        let values = words.dropFirst().filter { !$0.contains("=") }
        var options: [Substring: Substring] = [:]
        for option in words.filter({ $0.contains("=") }).map({ $0.split(separator: "=") }) { options[option[0]] = option[1] }
        let name = values.first.map { [UInt8]($0.utf8) } ?? []
        let time = values.last { $0.first == "@" }.flatMap { Int64($0.dropFirst()) }
        switch verb {
        case "fix", "move":
            let line = Line(
                verb == "fix" ? .user : .subject, name, at: try place(values), time: time, accuracy: options["acc"].flatMap { Double($0) },
                radius: options["radius"].flatMap { Double($0) })
            return .lines([line])
        case "gone": return .lines([Line(.gone, name, at: Coordinate(latitude: 0, longitude: 0), time: time)])
        case "put":
            let placement = SubjectPlacement(
                id: name, kind: nil, position: try place(values), validFrom: options["from"].flatMap { Int64($0) },
                validUntil: options["until"].flatMap { Int64($0) })
            return .put([placement])
        case "remove": return .remove([name])
        case "suspend": return .suspend(name, values.last == "dispute" ? .dispute : .operator)
        case "resume": return .resume(name, values.last == "dispute" ? .dispute : .operator)
        case "forget": return .forget(name)
        case "clock": return .clock(try #require(values.first.flatMap { Int64($0) }))
        case "jump": return .jump(try #require(values.first.flatMap { Int64($0) }))
        default:
            try #require(verb == "rules", "no step begins with \(verb)")
            for (key, value) in options { try set(key, to: value) }
            return .rules(rules)
        }
    }

    private func place(_ values: [Substring]) throws -> Coordinate {
        let metres = try #require(Double(values[1]))
        return Coordinate(latitude: 0, longitude: Int32((metres / Self.metresPerUnit).rounded()))
    }

    private mutating func set(_ key: Substring, to value: Substring) throws {
        let spans: [Substring: WritableKeyPath<Rules, Int64>] = [
            "radius_interval": \.radiusInterval, "enter_dwell": \.enterDwell, "leave_dwell": \.leaveDwell, "cooldown": \.cooldown,
            "expire_after": \.expireAfter, "forget_after": \.forgetAfter,
        ]
        if let span = spans[key] {
            rules[keyPath: span] = try #require(Int64(value))
        } else if key == "bands" {
            rules.disclosure = .bands(value.split(separator: "/").compactMap { Double($0) })
        } else {
            let metres: [Substring: WritableKeyPath<Rules, Double>] = ["max_speed": \.maxSpeed, "radius": \.radius]
            rules[keyPath: try #require(metres[key])] = try #require(Double(value))
        }
    }
}
