// Section 4 of the contract: when a pair changes, in what order, and what the event says.

import VicinityCore

/// The pairs that change at one time, and what they begin to wait for.
struct Moment {
    struct Leave {
        let user: [UInt8]
        let subject: Model.Subject
        let cause: Cause
        let origin: Origin
    }

    struct Enter {
        let user: [UInt8]
        let subject: Model.Subject
        let cause: Cause
        let disclosed: Disclosed
    }

    struct WaitChange {
        let user: [UInt8]
        /// The subject's serial.
        let subject: Int
        /// `nil` where the wait is over.
        let wait: Model.Wait?
    }

    /// `ts` of the events.
    let time: Int64
    /// Of the timers of what begins from now on.
    var origin: Origin
    private(set) var leaves: [Leave] = []
    private(set) var enters: [Enter] = []
    private(set) var waitChanges: [WaitChange] = []

    init(time: Int64, origin: Origin) {
        self.time = time
        self.origin = origin
    }

    mutating func leave(_ user: [UInt8], _ subject: Model.Subject, because cause: Cause) {
        leaves.append(Leave(user: user, subject: subject, cause: cause, origin: origin))
    }

    mutating func enter(_ user: [UInt8], _ subject: Model.Subject, because cause: Cause, saying disclosed: Disclosed) {
        enters.append(Enter(user: user, subject: subject, cause: cause, disclosed: disclosed))
    }

    /// Begins a dwell that lasts `span` milliseconds.
    mutating func dwell(_ user: [UInt8], _ subject: Model.Subject, for span: Int64, towards purpose: Model.Wait.Purpose) {
        let instant = time + span
        wait(user, subject, Model.Wait(subject: subject.id, instant: instant, timer: origin.timer(for: instant), purpose: purpose))
    }

    mutating func wait(_ user: [UInt8], _ subject: Model.Subject, _ wait: Model.Wait) {
        waitChanges.append(WaitChange(user: user, subject: subject.serial, wait: wait))
    }

    mutating func stopWaiting(_ user: [UInt8], _ serial: Int) {
        waitChanges.append(WaitChange(user: user, subject: serial, wait: nil))
    }
}

extension Model {
    mutating func evaluateAllSubjects(against user: User, because cause: Cause, in moment: inout Moment) {
        for subject in subjects.values where subject.isActive { evaluate(user, subject, because: cause, in: &moment) }
    }

    mutating func evaluateAllUsers(against subject: Subject, because cause: Cause, in moment: inout Moment) {
        for user in users.values { evaluate(user, subject, because: cause, in: &moment) }
    }

    /// The three lines of section 4; the subject is active. A silent user has no position to be evaluated at.
    mutating func evaluate(_ user: User, _ subject: Subject, because cause: Cause, in moment: inout Moment) {
        guard let fix = user.track?.accepted else { return }
        pairEvaluations += 1
        let distance = Geodesic.distance(from: fix.position, to: subject.position)
        let radius = user.radius
        let accuracyMatters = rules.accuracyCap > 0
        let wait = user.waits[subject.serial]
        let isNow: Bool
        if user.encounters[subject.serial] != nil {
            let slack = accuracyMatters ? min(fix.accuracy, rules.accuracyCap) : 0
            isNow = distance > radius + rules.leaveMargin + slack
            if isNow, wait == nil {
                if rules.leaveDwell > 0 {
                    moment.dwell(user.id, subject, for: rules.leaveDwell, towards: .leave(cause))
                } else {
                    moment.leave(user.id, subject, because: cause)
                }
            }
        } else {
            if distance > radius { users[user.id]?.withheld.remove(subject.serial) }
            if let wait, !wait.isDwell { return }  // it stays outside until the cooldown has ended
            isNow = distance <= radius && (!accuracyMatters || fix.accuracy <= radius)
            if isNow, let wait {
                refresh(wait, of: user, subject, distance, in: &moment)
            } else if isNow, rules.enterDwell > 0 {
                moment.dwell(user.id, subject, for: rules.enterDwell, towards: .enter(cause, distance: distance, radius: radius))
            } else if isNow {
                moment.enter(user.id, subject, because: cause, saying: disclosed(distance, radius))
            }
        }
        if !isNow, wait != nil { moment.stopWaiting(user.id, subject.serial) }
    }

    /// A dwell goes on; what its enter will say is as of the last evaluation before it is shown.
    private func refresh(_ wait: Wait, of user: User, _ subject: Subject, _ distance: Double, in moment: inout Moment) {
        guard case .enter(let cause, _, _) = wait.purpose else { return }
        var wait = wait
        wait.purpose = .enter(cause, distance: distance, radius: user.radius)
        moment.wait(user.id, subject, wait)
    }

    func disclosed(_ distance: Double, _ radius: Double) -> Disclosed {
        switch rules.disclosure {
        case .nothing: .nothing
        case .exact: .distance((distance * 100).rounded() / 100)
        case .bands(let bands): .within(min(radius, bands.first { $0 >= distance } ?? radius))
        }
    }

    /// Leaves before enters, each by ascending subject id (bytes), then user id.
    mutating func close(_ moment: Moment) {
        for change in moment.waitChanges { users[change.user]?.waits[change.subject] = change.wait }
        let leaves = moment.leaves.sorted { Self.precedes(($0.subject.id, $0.user), ($1.subject.id, $1.user)) }
        for leave in leaves {
            let serial = leave.subject.serial
            guard let encounter = users[leave.user]?.encounters.removeValue(forKey: serial) else {
                preconditionFailure("a pair that is outside cannot leave")
            }
            let cooldown = cooldown(after: leave, at: moment.time)
            users[leave.user]?.waits[serial] = cooldown
            let lasted = max(0, moment.time - encounter.time)
            noteLeave(of: leave.user, leave.subject.id, because: leave.cause)
            append(.leave(leave.cause, encounter: encounter.seq, lasted: lasted), moment.time, leave.user, leave.subject)
        }
        let enters = moment.enters.sorted { Self.precedes(($0.subject.id, $0.user), ($1.subject.id, $1.user)) }
        for enter in enters {
            users[enter.user]?.waits[enter.subject.serial] = nil
            guard admit(enter.user, enter.subject, at: moment.time) else { continue }
            users[enter.user]?.withheld.remove(enter.subject.serial)
            append(.enter(enter.cause, enter.disclosed), moment.time, enter.user, enter.subject)
            users[enter.user]?.encounters[enter.subject.serial] = Encounter(seq: Int64(events.count), time: moment.time)
        }
    }

    /// After a leave of one of these causes a pair stays outside for a while.
    private func cooldown(after leave: Moment.Leave, at time: Int64) -> Wait? {
        guard rules.cooldown > 0 else { return nil }
        switch leave.cause {
        case .user, .subject, .radius, .suspended:
            let instant = time + rules.cooldown
            return Wait(subject: leave.subject.id, instant: instant, timer: leave.origin.timer(for: instant), purpose: .cooldown)
        case .removed, .expired, .gone, .muted: return nil
        }
    }

    mutating func append(_ change: Event.Change, _ time: Int64, _ user: [UInt8], _ subject: Subject) {
        events.append(
            Event(seq: Int64(events.count) + 1, time: time, change: change, user: user, subject: subject.id, kind: subject.kind))
    }

    static func precedes(_ first: (subject: [UInt8], user: [UInt8]), _ second: (subject: [UInt8], user: [UInt8])) -> Bool {
        if first.subject != second.subject { return first.subject.lexicographicallyPrecedes(second.subject) }
        return first.user.lexicographicallyPrecedes(second.user)
    }
}
