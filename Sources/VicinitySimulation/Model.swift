// The truth that the engine is compared with: sections 1, 3 and 4 of the contract, written down as they stand and
// tested pair by pair, every distance by the exact geodesic. Nothing here is clever; no index, no skipping, no state but
// what the contract's words name. It is written from the contract's text, never from the engine's code.
//
// A step is taken apart into *moments* (``Moment``). A moment collects the pairs that change at one time for one reason;
// closing it sorts them (leaves before enters, by subject, then user) and writes the events. Rules that make a line
// unfold into several moments (dwell, cooldown, silence, held fixes) would add moments, and nothing else.

package import VicinityCore

/// The brute-force model.
package struct Model: Sendable {
    /// How long a sign-off is remembered at least, in milliseconds of the clock.
    static let signOffSpan: Int64 = 3_600_000

    /// A user with a position.
    struct User: Sendable {
        let id: [UInt8]
        var position: Coordinate
        /// Metres, as taken at the last accepted fix: never 0 for *unknown*.
        var accuracy: Double
        /// Metres; `nil` while the user has sent none.
        var ownRadius: Double?
        /// Metres, settled at the last accepted fix: a reload of the default concerns who sends none from their next fix on.
        var radius: Double
        /// The `ts` of the last accepted fix.
        var lastTime: Int64
        /// What is inside, by the subject's serial.
        var encounters: [Int: Encounter] = [:]
    }

    /// The stay of a pair inside.
    struct Encounter: Sendable {
        /// The seq of the enter.
        let seq: Int64
        /// The `ts` of the enter.
        let time: Int64
    }

    /// An entry of the register.
    struct Subject: Sendable {
        let id: [UInt8]
        /// Never used twice: a subject that is put again after its removal is another.
        let serial: Int
        var kind: [UInt8]?
        var position: Coordinate
        /// Where the last put had it.
        var putPosition: Coordinate
    }

    struct SignOff: Sendable {
        let time: Int64
        /// On the clock.
        let until: Int64
    }

    /// Whether fixes of subjects move them; if not, such lines are checked and then ignored.
    let movesSubjects: Bool
    package internal(set) var rules: Rules
    /// The clock, in Unix milliseconds.
    package internal(set) var now: Int64
    /// All events, oldest first.
    package internal(set) var events: [Event] = []
    /// The errors of the last step, by line.
    package internal(set) var errors: [LineFault] = []
    package internal(set) var tally = Tally()
    /// How often a distance was measured.
    package internal(set) var pairEvaluations = 0
    /// Accepted fixes and changes of the register.
    package internal(set) var situations = 0

    var users: [[UInt8]: User] = [:]
    var subjects: [[UInt8]: Subject] = [:]
    var signOffs: [[UInt8]: SignOff] = [:]
    /// The last accepted `ts` of moving subjects; it belongs to the id, whatever becomes of the subject.
    var subjectTimes: [[UInt8]: Int64] = [:]
    private var nextSerial = 0

    package init(rules: Rules, now: Int64, movesSubjects: Bool = false) {
        self.rules = rules
        self.now = now
        self.movesSubjects = movesSubjects
    }

    /// Users with a position.
    package var userCount: Int { users.count }
    package var subjectCount: Int { subjects.count }
    package var pairCount: Int { users.values.reduce(0) { $0 + $1.encounters.count } }

    /// Takes one step; its events are appended to ``events``, its errors replace ``errors``.
    package mutating func perform(_ step: Step) {
        errors = []
        switch step {
        case .lines(let lines):
            for (index, line) in lines.enumerated() { take(line, number: UInt32(index)) }
        case .put(let placements): put(placements)
        case .remove(let ids): remove(ids)
        case .rules(let newRules): rules = newRules
        case .clock(let span): now += span
        }
    }

    /// A put is one moment, dated by the clock. What equals the last put changes nothing.
    private mutating func put(_ placements: [SubjectPlacement]) {
        var moment = Moment(time: now)
        for placement in placements {
            if var subject = subjects[placement.id] {
                let isElsewhere = subject.putPosition != placement.position
                subject.kind = placement.kind
                if isElsewhere {
                    subject.position = placement.position
                    subject.putPosition = placement.position
                }
                subjects[placement.id] = subject
                guard isElsewhere else { continue }
            } else {
                subjects[placement.id] = Subject(
                    id: placement.id, serial: nextSerial, kind: placement.kind, position: placement.position,
                    putPosition: placement.position)
                nextSerial += 1
            }
            situations += 1
            evaluateAllUsers(against: placement.id, because: .subject, in: &moment)
        }
        close(moment)
    }

    /// A remove is one moment, dated by the clock.
    private mutating func remove(_ ids: [[UInt8]]) {
        var moment = Moment(time: now)
        for id in ids {
            guard let subject = subjects.removeValue(forKey: id) else { continue }
            situations += 1
            for (userID, user) in users where user.encounters[subject.serial] != nil {
                moment.leave(userID, subject, because: .removed)
            }
        }
        close(moment)
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
