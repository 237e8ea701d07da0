// What a user may not do too much, read naively from the contract: distinct subjects entered, and following somebody. Nothing is ever tidied up here: what
// is over is there and does not count.

import VicinityCore

extension Model {
    /// Everything by the subject's id, and with the `ts` until which it counts, by the settings of when it happened.
    struct Limits: Sendable {
        var entered: [[UInt8]: Int64] = [:]
        var mutes: [[UInt8]: Int64] = [:]
        var places: [[UInt8]: [Place]] = [:]

        /// Where both were.
        struct Place: Sendable {
            let user: Coordinate
            let subject: Coordinate
            let until: Int64
        }

        private var ends: [Int64] { Array(entered.values) + Array(mutes.values) + places.values.joined().map(\.until) }
        var end: Int64? { ends.max() }

        /// What still counts after a `ts`.
        func after(_ time: Int64) -> Limits {
            var rest = Limits()
            rest.entered = entered.filter { $0.value > time }
            rest.mutes = mutes.filter { $0.value > time }
            rest.places = placesAfter(time)
            return rest
        }

        func placesAfter(_ time: Int64) -> [[UInt8]: [Place]] {
            places.mapValues { $0.filter { $0.until > time } }.filter { !$0.value.isEmpty }
        }
    }

    /// Whether an enter that is due may happen; counts it in either case.
    mutating func admit(_ id: [UInt8], _ subject: Subject, at time: Int64) -> Bool {
        guard let user = users[id] else { return false }
        let now = max(time, user.track?.accepted.time ?? user.lastTime)
        if let until = user.limits.mutes[subject.id], now < until { return false }
        guard let limit = rules.subjectsPerUser else { return true }
        var counting = Set(user.limits.entered.filter { $0.value > now }.keys)
        counting.insert(subject.id)
        guard counting.count <= limit.count else {
            // Once for each pair, as long as it goes on being near.
            if users[id]?.withheld.insert(subject.serial).inserted == true { tally.withheld += 1 }
            return false
        }
        let before = user.limits.entered[subject.id] ?? .min
        users[id]?.limits.entered[subject.id] = max(before, time + limit.span)
        return true
    }

    /// Nobody is kept from this subject by the limit any more: there is nothing to enter.
    mutating func stopWithholding(_ serial: Int) {
        for id in users.keys { users[id]?.withheld.remove(serial) }
    }

    // MARK: - Following

    /// The moving subjects that a user is inside with, but for those that are about to leave.
    func companions(of id: [UInt8], leaving moment: Moment, enteredAfter seq: Int64) -> [Subject] {
        subjects.values.filter { subject in
            guard subject.track != nil, let encounter = users[id]?.encounters[subject.serial], encounter.seq > seq else { return false }
            return !moment.leaves.contains { $0.user == id && $0.subject.serial == subject.serial }
        }
    }

    /// Sees whether a user whose fix was accepted follows any of some subjects.
    ///
    /// - Returns: those.
    mutating func meet(_ companions: [Subject], _ id: [UInt8], at fix: TakenFix, leaving moment: inout Moment) -> [Subject] {
        guard let guarding = rules.follow else { return [] }
        var followed: [Subject] = []
        for subject in companions {
            let known = (users[id]?.limits.places[subject.id] ?? []).filter { fix.time < $0.until }
            let isNew = known.allSatisfy { place in
                Geodesic.distance(from: place.user, to: fix.position) >= guarding.apart
                    && Geodesic.distance(from: place.subject, to: subject.position) >= guarding.apart
            }
            guard isNew else { continue }
            if known.count + 1 >= guarding.places {
                users[id]?.limits.places[subject.id] = nil
                users[id]?.limits.mutes[subject.id] = fix.time + guarding.mute
                moment.leave(id, subject, because: .muted)
                followed.append(subject)
            } else {
                let place = Limits.Place(user: fix.position, subject: subject.position, until: fix.time + guarding.within)
                users[id]?.limits.places[subject.id] = known + [place]
            }
        }
        return followed
    }

    // MARK: - Who is gone

    /// When nothing of what is kept of somebody who is gone counts any more, on the system clock.
    ///
    /// - Parameter toClock: what to add to a `ts` of the user to have the system clock.
    static func end(of limits: Limits, _ toClock: Int64) -> Int64 { limits.end.map { $0 + toClock } ?? .min }

    /// What is kept of a silent user who is forgotten; neither the last `ts` nor the radius.
    mutating func keepLimits(of user: User) {
        let toClock = user.silentSinceWall - user.lastTime
        var limits = user.limits.after(user.lastTime)
        limits.places = limits.placesAfter(clock.wall - toClock)
        let until = Self.end(of: limits, toClock)
        guard until > clock.wall else { return }
        signOffs[user.id] = SignOff(
            time: -1, until: until, wasKnown: false, ownRadius: nil, lastRadiusChange: nil, limits: limits, toClock: toClock)
    }

    /// Positions of the silent and of those who are gone go as soon as the clock says that they count no more.
    mutating func forgetPlaces() {
        for (id, signOff) in signOffs {
            signOffs[id]?.limits.places = signOff.limits.placesAfter(clock.wall - signOff.toClock)
        }
        for (id, user) in users where user.track == nil {
            users[id]?.limits.places = user.limits.placesAfter(user.lastTime + (clock.wall - user.silentSinceWall))
        }
    }
}
