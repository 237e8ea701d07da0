// The truth that the engine is compared with: sections 1, 3 and 4 of the contract and decision 0033, written down as they
// stand and tested pair by pair, every distance by the exact geodesic. Nothing here is clever; no index, no heap of timers,
// no state but what the contract's words name: to find out what is due, it looks through everything. It is written from
// the contract's text, never from the engine's code.
//
// A step is taken apart into *moments* (``Moment``). A moment collects the pairs that change at one time for one reason;
// closing it sorts them (leaves before enters, by subject, then user) and writes the events. A line, or a reading of the
// clocks, unfolds into several: what is due (Model+Due.swift), a held fix, the line itself.

package import VicinityCore

/// The brute-force model.
package struct Model: Sendable {
    /// How long a sign-off, and the last `ts` of a removed subject, is remembered at least, in milliseconds of the system clock.
    static let shortestMemory: Int64 = 3_600_000

    /// A fix as it is taken.
    struct TakenFix: Sendable {
        let position: Coordinate
        /// Metres: the assumed accuracy where it is unknown.
        let accuracy: Double
        /// `ts`.
        let time: Int64
        /// Metres; `nil` if the line brought none.
        let radius: Double?
    }

    /// What is known of a sender with a position.
    struct Track: Sendable {
        var accepted: TakenFix
        var held: TakenFix?
        /// The `ts` at which the sender was last heard of.
        var lastHeard: Int64
        /// When that arrived, on the steady clock.
        var heardAt: Int64
    }

    /// A user who did not sign off and is not forgotten.
    struct User: Sendable {
        let id: [UInt8]
        /// `nil` of a silent user.
        var track: Track?
        /// When the silence was shown, on the steady clock; means nothing of who has a position.
        var silentSince: Int64 = 0
        /// The same on the system clock, for the next start.
        var silentSinceWall: Int64 = 0
        /// The `ts` of the last accepted or held fix.
        var lastTime: Int64
        /// Metres; `nil` while the user has sent none.
        var ownRadius: Double?
        /// The `ts` of the last change of the own radius; the first radius is no change.
        var lastRadiusChange: Int64?
        /// Metres, settled at the last accepted fix: a reload of the default concerns who sends none from their next fix on.
        var radius: Double
        /// What is inside, by the subject's serial.
        var encounters: [Int: Encounter] = [:]
        /// What a pair waits for, by the subject's serial.
        var waits: [Int: Wait] = [:]
        var limits = Limits()
        /// What the limit keeps outside, by the subject's serial, as far as it is counted.
        var withheld: Set<Int> = []
    }

    /// The stay of a pair inside.
    struct Encounter: Sendable {
        /// The seq of the enter.
        let seq: Int64
        /// The `ts` of the enter.
        let time: Int64
    }

    /// A dwell that has begun, or a cooldown.
    struct Wait: Sendable {
        enum Purpose: Sendable {
            /// An enter is to come; what it says of the distance, in metres, is as of the last evaluation.
            case enter(Cause, distance: Double, radius: Double)
            case leave(Cause)
            case cooldown
        }

        let subject: [UInt8]
        /// In `ts`.
        let instant: Int64
        /// On the steady clock.
        let timer: Int64
        var purpose: Purpose

        /// The same with another timer.
        func timed(at timer: Int64) -> Wait { Wait(subject: subject, instant: instant, timer: timer, purpose: purpose) }
    }

    /// An entry of the register.
    struct Subject: Sendable {
        enum Validity: Sendable { case toBegin, begun, ended }

        let id: [UInt8]
        /// Never used twice: a subject that is put again after its removal is another.
        let serial: Int
        var kind: [UInt8]?
        var position: Coordinate
        /// Where the last put had it.
        var putPosition: Coordinate
        /// Metres: what the last put named; `nil` if it named none.
        var putPrecision: Double?
        /// Metres: what holds since that put; 0 is exactly.
        var precision: Double
        /// On the system clock.
        var validFrom: Int64?
        /// On the system clock.
        var validUntil: Int64?
        var validity = Validity.begun
        /// `nil` unless it is a moving subject that is not silent.
        var track: Track?
        var isSilent = false
        var isSuspended = false

        var isActive: Bool { validity == .begun && !isSilent && !isSuspended }
    }

    struct SignOff: Sendable {
        /// `ts`; −1 of who was forgotten.
        let time: Int64
        /// On the system clock.
        let until: Int64
        /// Whether anything was known of who signed off; else there is no radius of then.
        let wasKnown: Bool
        /// As of ``User``.
        let ownRadius: Double?
        let lastRadiusChange: Int64?
        var limits: Limits
        /// What to add to a `ts` of the user to have the system clock.
        let toClock: Int64
    }

    /// The `ts` of a subject's last accepted or held fix; it belongs to the id, whatever becomes of the subject.
    struct SubjectTime: Sendable {
        var time: Int64
        /// On the system clock; `nil` while the register has the subject.
        var until: Int64?
    }

    package internal(set) var rules: Rules
    /// The secret that cells follow from.
    var precisionKey: SipHashKey
    package internal(set) var clock: ClockReading
    /// All events, oldest first.
    package internal(set) var events: [Event] = []
    /// The errors of the last step, by line.
    package internal(set) var errors: [LineFault] = []
    package internal(set) var tally = Tally()
    /// How often a distance was measured for a pair.
    package internal(set) var pairEvaluations = 0
    /// Accepted fixes and changes of the register.
    package internal(set) var situations = 0

    var users: [[UInt8]: User] = [:]
    var subjects: [[UInt8]: Subject] = [:]
    var signOffs: [[UInt8]: SignOff] = [:]
    var subjectTimes: [[UInt8]: SubjectTime] = [:]
    /// Who suspends an id, whether the register has it or not.
    var suspensions: [[UInt8]: SuspensionSources] = [:]
    /// All that were ever made; the first has the number 1.
    var reports: [Report] = []
    /// When pairs last left.
    var lastLeaves: [PairName: ClockReading] = [:]
    var nextSerial = 0
    /// The edition that is to come, by id.
    var staged: [[UInt8]: StagedSubject]?
    /// The last `ts` of those in it, as of when they were put there.
    var stagedTimes: [[UInt8]: Int64] = [:]

    package init(rules: Rules, at clock: ClockReading, precisionKey: SipHashKey = SipHashKey(1, 2)) {
        self.rules = rules
        self.precisionKey = precisionKey
        self.clock = clock
    }

    /// The system clock, in Unix milliseconds.
    package var now: Int64 { clock.wall }
    /// Users with a position.
    package var userCount: Int { users.values.count { $0.track != nil } }
    /// All in the register.
    package var subjectCount: Int { subjects.count }
    /// Whether the register has a subject.
    package func has(_ subject: [UInt8]) -> Bool { subjects[subject] != nil }
    package var pairCount: Int { users.values.reduce(0) { $0 + $1.encounters.count } }

    /// Takes one step; its events are appended to ``events``, its errors replace ``errors``.
    package mutating func perform(_ step: Step) {
        errors = []
        switch step {
        case .lines(let lines):
            for (index, line) in lines.enumerated() { take(line, number: UInt32(index)) }
        case .put(let placements):
            put(placements)
            stage(placements)
        case .remove(let ids):
            remove(ids)
            unstage(ids)
        case .edition(let step): perform(step)
        case .suspend(let id, let sources): suspend(id, by: sources)
        case .resume(let id, let sources): resume(id, by: sources)
        case .rotate(let key): rotate(to: key)
        case .forget(let id): forget(id)
        case .rules(let newRules):
            rules = newRules
            showWhatIsDue()  // a span may be shorter now
        case .clock(let span): turn(to: ClockReading(wall: clock.wall + span, steady: clock.steady + span))
        case .jump(let span): turn(to: ClockReading(wall: clock.wall + span, steady: clock.steady))
        }
    }

    /// Sets the clocks, and lets happen what is due by them.
    ///
    /// - Parameter clock: its steady clock is not behind the last one's.
    package mutating func turn(to clock: ClockReading) {
        precondition(clock.steady >= self.clock.steady, "the steady clock only goes on")
        self.clock = clock
        showWhatIsDue()
    }
}

/// An error without its wording, which is no part of the contract.
package struct LineFault: Sendable, Equatable {
    /// The line's place in its batch.
    package let line: UInt32
    package let code: LineErrorCode

    package init(line: UInt32, code: LineErrorCode) {
        self.line = line
        self.code = code
    }
}
