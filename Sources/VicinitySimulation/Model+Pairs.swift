// Section 4 of the contract: when a pair changes, in what order, and what the event says.

import VicinityCore

/// The pairs that change at one time.
struct Moment {
    struct Leave {
        let user: [UInt8]
        let subject: Model.Subject
        let cause: Cause
    }

    struct Enter {
        let user: [UInt8]
        let subject: Model.Subject
        let cause: Cause
        let disclosed: Disclosed
    }

    let time: Int64
    private(set) var leaves: [Leave] = []
    private(set) var enters: [Enter] = []

    init(time: Int64) { self.time = time }

    mutating func leave(_ user: [UInt8], _ subject: Model.Subject, because cause: Cause) {
        leaves.append(Leave(user: user, subject: subject, cause: cause))
    }

    mutating func enter(_ user: [UInt8], _ subject: Model.Subject, because cause: Cause, saying disclosed: Disclosed) {
        enters.append(Enter(user: user, subject: subject, cause: cause, disclosed: disclosed))
    }
}

extension Model {
    mutating func evaluateAllSubjects(against user: [UInt8], because cause: Cause, in moment: inout Moment) {
        guard let user = users[user] else { return }
        for subject in subjects.values { evaluate(user, subject, because: cause, in: &moment) }
    }

    mutating func evaluateAllUsers(against subject: [UInt8], because cause: Cause, in moment: inout Moment) {
        guard let subject = subjects[subject] else { return }
        for user in users.values { evaluate(user, subject, because: cause, in: &moment) }
    }

    /// The three lines of section 4.
    private mutating func evaluate(_ user: User, _ subject: Subject, because cause: Cause, in moment: inout Moment) {
        pairEvaluations += 1
        let distance = Geodesic.distance(from: user.position, to: subject.position)
        let radius = user.radius
        let accuracyMatters = rules.accuracyCap > 0
        if user.encounters[subject.serial] != nil {
            let slack = accuracyMatters ? min(user.accuracy, rules.accuracyCap) : 0
            if distance > radius + rules.leaveMargin + slack { moment.leave(user.id, subject, because: cause) }
        } else if distance <= radius, !accuracyMatters || user.accuracy <= radius {
            moment.enter(user.id, subject, because: cause, saying: disclosed(distance, radius))
        }
    }

    private func disclosed(_ distance: Double, _ radius: Double) -> Disclosed {
        switch rules.disclosure {
        case .nothing: .nothing
        case .exact: .distance((distance * 100).rounded() / 100)
        case .bands(let bands): .within(min(radius, bands.first { $0 >= distance } ?? radius))
        }
    }

    /// Leaves before enters, each by ascending subject id (bytes), then user id.
    mutating func close(_ moment: Moment) {
        let leaves = moment.leaves.sorted { Self.precedes(($0.subject.id, $0.user), ($1.subject.id, $1.user)) }
        for leave in leaves {
            guard let encounter = users[leave.user]?.encounters.removeValue(forKey: leave.subject.serial) else {
                preconditionFailure("a pair that is outside cannot leave")
            }
            let lasted = max(0, moment.time - encounter.time)
            append(.leave(leave.cause, encounter: encounter.seq, lasted: lasted), moment.time, leave.user, leave.subject)
        }
        let enters = moment.enters.sorted { Self.precedes(($0.subject.id, $0.user), ($1.subject.id, $1.user)) }
        for enter in enters {
            append(.enter(enter.cause, enter.disclosed), moment.time, enter.user, enter.subject)
            users[enter.user]?.encounters[enter.subject.serial] = Encounter(seq: Int64(events.count), time: moment.time)
        }
    }

    private mutating func append(_ change: Event.Change, _ time: Int64, _ user: [UInt8], _ subject: Subject) {
        events.append(
            Event(seq: Int64(events.count) + 1, time: time, change: change, user: user, subject: subject.id, kind: subject.kind))
    }

    private static func precedes(_ first: (subject: [UInt8], user: [UInt8]), _ second: (subject: [UInt8], user: [UInt8])) -> Bool {
        if first.subject != second.subject { return first.subject.lexicographicallyPrecedes(second.subject) }
        return first.user.lexicographicallyPrecedes(second.user)
    }
}
