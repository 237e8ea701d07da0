package import VicinityCore

/// An explanation as the daemon answers it, and as a person reads it.
package struct ExplanationText {
    private let explanation: Explanation

    package init(_ explanation: Explanation) { self.explanation = explanation }

    // MARK: - For programs

    /// Appends the answer to `explain`; `why` says the same in sentences.
    package func write(user: [UInt8], subject: [UInt8]?, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("user", utf8: user)
            writer.member("state", explanation.isSilent ? "silent" : "present")
            writer.member("ts", explanation.time)
            writer.member("age_ms", explanation.age)
            writer.member("heard_ts", explanation.heard)
            writer.member("radius", explanation.radius)
            writer.member("own_radius", explanation.isOwnRadius)
            if !explanation.isSilent { writer.member("accuracy", explanation.accuracy) }
            writer.key("thresholds")
            writer.object { writer in
                writer.member("enter", explanation.radius)
                writer.member("leave", explanation.leaveThreshold)
                writer.member("may_enter", explanation.mayEnter)
            }
            if let time = explanation.silentFrom { writer.member("silent_from", time) }
            if let time = explanation.radiusFrom { writer.member("radius_from", time) }
            if let time = explanation.held { writer.member("held_ts", time) }
            if let refused = explanation.refused {
                writer.key("not_accepted")
                writer.object { writer in
                    writer.member("why", refused.refusal.word)
                    writer.member("ts", refused.time)
                }
            }
            writer.member("inside", explanation.insideCount)
            if let pair = explanation.pair, let subject { write(pair, subject, to: &writer) }
            writer.key("why")
            writer.array { writer in for line in lines { writer.value(line) } }
        }
    }

    private func write(_ pair: PairExplanation, _ subject: [UInt8], to writer: inout JSONWriter) {
        writer.key("pair")
        writer.object { writer in
            writer.member("subject", utf8: subject)
            writer.member("subject_state", pair.activity.word)
            writer.member("state", pair.encounter == nil ? "outside" : "inside")
            if let encounter = pair.encounter { writer.member("encounter", encounter) }
            if let since = pair.since { writer.member("since", since) }
            writer.member("near", pair.isNear)
            writer.member("beyond", pair.isBeyond)
            switch pair.disclosed {
            case .within(let metres): writer.member("within", metres)
            case .distance(let metres): writer.member("distance", metres)
            case .nothing, nil: break
            }
            if let waiting = pair.waiting {
                writer.key("waiting")
                writer.object { writer in
                    writer.member("for", waiting.word)
                    writer.member("until", waiting.time)
                }
            }
            writer.member("verdict", pair.verdict.word)
        }
    }

    // MARK: - For people

    /// Sentences, the user's first.
    package var lines: [String] {
        var lines = [position]
        if let held = explanation.held {
            lines.append("a fix of \(held) is held: it is too far away to be believed until another confirms it")
        }
        if let refused = explanation.refused { lines.append("the fix of \(refused.time) was not accepted: \(refused.refusal.reason)") }
        if !explanation.isSilent {
            if !explanation.mayEnter { lines.append("enters nothing: the accuracy is worse than the radius") }
            if let time = explanation.silentFrom { lines.append("is silent from \(time) on if nothing is heard until then") }
        }
        if let time = explanation.radiusFrom { lines.append("the radius may change again from \(time) on") }
        if let pair = explanation.pair { lines += sentences(pair) }
        return lines
    }

    private var position: String {
        let radius = "\(Self.metres(explanation.radius))\(explanation.isOwnRadius ? "" : ", the default")"
        if explanation.isSilent {
            return "is silent: the position is forgotten, the last ts is \(explanation.time), the radius \(radius)"
        }
        return "last accepted fix at \(explanation.time), \(Self.age(explanation.age)); radius \(radius), accuracy "
            + "\(Self.metres(explanation.accuracy)); enters at \(Self.metres(explanation.radius)) or nearer, leaves beyond "
            + "\(Self.metres(explanation.leaveThreshold)); inside with \(explanation.insideCount)"
    }

    private func sentences(_ pair: PairExplanation) -> [String] {
        guard pair.activity == .active else { return ["the pair is outside: \(pair.activity.reason)"] }
        var lines: [String] = []
        if let encounter = pair.encounter, let since = pair.since {
            lines.append("the pair is inside since \(since) (event \(encounter))")
        } else {
            lines.append("the pair is outside")
        }
        if explanation.isSilent { return lines }
        if pair.isNear {
            switch pair.disclosed {
            case .within(let metres): lines.append("the subject is within \(Self.metres(metres))")
            case .distance(let metres): lines.append("the subject is \(Self.metres(metres)) away")
            case .nothing, nil: lines.append("the subject is within the radius")
            }
        } else {
            lines.append("the subject is beyond the \(pair.isBeyond ? "leave threshold" : "radius, but not beyond the leave threshold")")
        }
        switch pair.waiting {
        case .enter(let time): lines.append("enters at \(time) if it is near until then")
        case .leave(let time): lines.append("leaves at \(time) if it is beyond until then")
        case .cooldown(let time): lines.append("cools down after a leave: stays outside until \(time)")
        case .mute(let time): lines.append("the follow guard keeps the pair outside until \(time)")
        case nil: break
        }
        lines.append("evaluated now: \(pair.verdict.reason)")
        return lines
    }

    /// - Parameter milliseconds: below 0 for what is to come.
    static func age(_ milliseconds: Int64) -> String {
        milliseconds < 0 ? "\(span(-milliseconds)) ahead of the clock" : "\(span(milliseconds)) ago"
    }

    /// Milliseconds as the two units that matter, in the words in which `vicinityctl` says them elsewhere (`spanText`, which is not ours to import).
    private static func span(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        switch milliseconds {
        case ..<1000: return "\(milliseconds) ms"
        case ..<60_000: return "\(seconds).\(milliseconds % 1000 / 100) s"
        case ..<3_600_000: return "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400_000: return "\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: return "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
        }
    }

    /// Metres as short as they are exact.
    private static func metres(_ metres: Double) -> String {
        if let whole = Int64(exactly: metres) { return "\(whole) m" }
        return "\((metres * 100).rounded() / 100) m"
    }
}

extension Refusal {
    /// The word on the wire.
    var word: String {
        switch self {
        case .stale: "stale"
        case .inaccurate: "inaccurate"
        case .held: "held"
        case .radiusTooSoon: LineErrorCode.radiusTooSoon.rawValue
        case .futureFix: LineErrorCode.futureFix.rawValue
        }
    }

    var reason: String {
        switch self {
        case .stale: "stale, not later than the last one"
        case .inaccurate: "its accuracy is worse than fixes.max_accuracy"
        case .held: "too far from the last one for fixes.max_speed, it was held"
        case .radiusTooSoon: "its radius changed less than halo.radius_interval after the last change"
        case .futureFix: "more than fixes.max_future ahead of the clock"
        }
    }
}

extension PairExplanation.Activity {
    var word: String {
        switch self {
        case .unknown: "unknown"
        case .active: "active"
        case .silent: "silent"
        case .notYetValid: "not_yet_valid"
        case .noLongerValid: "no_longer_valid"
        case .suspended: "suspended"
        }
    }

    var reason: String {
        switch self {
        case .unknown: "the subject is not in the register"
        case .active: "the subject is active"
        case .silent: "the subject has been silent for longer than fixes.expire_after"
        case .notYetValid: "the subject is not valid yet"
        case .noLongerValid: "the subject is valid no more"
        case .suspended: "the subject is suspended"
        }
    }
}

extension PairExplanation.Waiting {
    var word: String {
        switch self {
        case .enter: "enter"
        case .leave: "leave"
        case .cooldown: "cooldown"
        case .mute: "mute"
        }
    }

    /// In `ts`.
    var time: Int64 {
        switch self {
        case .enter(let time), .leave(let time), .cooldown(let time), .mute(let time): time
        }
    }
}

extension PairExplanation.Verdict {
    var word: String {
        switch self {
        case .nothing: "nothing"
        case .enter: "enter"
        case .leave: "leave"
        case .beginDwell: "begin_dwell"
        case .endDwell: "end_dwell"
        case .withheld: "withheld"
        }
    }

    var reason: String {
        switch self {
        case .nothing: "nothing changes"
        case .enter: "the pair enters"
        case .leave: "the pair leaves"
        case .beginDwell: "a dwell begins"
        case .endDwell: "the dwell ends without an event"
        case .withheld: "the pair stays outside, the user has entered as many subjects as privacy.subjects_per_user allows"
        }
    }
}
