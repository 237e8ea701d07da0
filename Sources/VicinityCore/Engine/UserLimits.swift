// What is remembered of one user so that the limits of `privacy` and `reports` hold, whatever the user does: sign off, fall silent, return.
//
// Subjects are named by a keyed hash of the id, since a limit outlives the subject, and its slot, too. Each thing that is remembered says
// until when it counts, by the settings that were in force when it happened. What is over may be there or not: nobody can tell.

/// Something of which a user may have only so much in any stretch of time.
public enum LimitedUse: UInt8, Sendable, CaseIterable {
    /// Details of a subject that were granted.
    case details
    /// Reports that were made.
    case reports
}

/// Where a user and a moving subject were, at a fix of the user at which they were inside.
package struct FollowPlace: Sendable, Equatable {
    package var user: Coordinate
    package var subject: Coordinate
    /// The `ts` from which on it counts no more.
    package var until: Int64

    package init(user: Coordinate, subject: Coordinate, until: Int64) {
        self.user = user
        self.subject = subject
        self.until = until
    }
}

/// What the limits need to know of one user.
package struct UserLimits: Sendable, Equatable {
    /// The subjects that were entered: the `ts` from which on the last enter counts no more.
    package var entered: [UInt64: Int64] = [:]
    /// When details were granted, on the daemon's clock, in Unix milliseconds, in no order.
    package var details: [Int64] = []
    /// When reports were made, likewise.
    package var reports: [Int64] = []
    /// The subjects that the follow guard keeps the user outside of, until this `ts`.
    package var mutes: [UInt64: Int64] = [:]
    /// The places that count for the follow guard, of each moving subject that the user was inside with.
    package var places: [UInt64: [FollowPlace]] = [:]

    package init() {}

    package var isEmpty: Bool { entered.isEmpty && details.isEmpty && reports.isEmpty && mutes.isEmpty && places.isEmpty }

    subscript(use: LimitedUse) -> [Int64] {
        get {
            switch use {
            case .details: details
            case .reports: reports
            }
        }
        set {
            switch use {
            case .details: details = newValue
            case .reports: reports = newValue
            }
        }
    }

    /// Forgets what counts no more for whoever is past a `ts`.
    ///
    /// - Complexity: O(what is remembered).
    mutating func forget(upTo time: Int64) {
        entered = entered.filter { $0.value > time }
        mutes = mutes.filter { $0.value > time }
        forgetPlaces(upTo: time)
    }

    /// Forgets the places that count no more for whoever is past a `ts`.
    mutating func forgetPlaces(upTo time: Int64) {
        guard places.values.contains(where: { $0.contains { $0.until <= time } }) else { return }
        places = places.compactMapValues { places in
            let kept = places.filter { $0.until > time }
            return kept.isEmpty ? nil : kept
        }
    }

    /// The first `ts` from which on some place counts no more.
    var nextPlaceEnd: Int64? { places.values.lazy.flatMap(\.self).map(\.until).min() }

    /// The `ts` from which on nothing counts but what is on the daemon's clock.
    var end: Int64? {
        [entered.values.max(), mutes.values.max(), places.values.lazy.flatMap(\.self).map(\.until).max()].compactMap(\.self).max()
    }
}

/// A change of what the limits know of a user, as a journal tells it.
package enum LimitChange: Sendable, Equatable {
    /// The user has entered a subject, which counts until this `ts`.
    case entered(UInt64, until: Int64)
    case used(LimitedUse, at: Int64)
    /// The user was found to follow a subject, whose places have done their work.
    case muted(UInt64, until: Int64)
    /// The user was inside with a subject at a new place.
    case met(UInt64, FollowPlace)
    /// Places that count up to this `ts` at most are forgotten.
    case forgotPlaces(upTo: Int64)
    /// The user has returned, with this.
    case returned(UserLimits)
    /// The user is gone.
    case gone
}

extension UserLimits {
    package mutating func apply(_ change: LimitChange) {
        switch change {
        case .entered(let subject, let until): entered[subject] = max(until, entered[subject] ?? until)
        case .used(let use, let time): self[use].append(time)
        case .muted(let subject, let until):
            mutes[subject] = until
            places[subject] = nil
        case .met(let subject, let place): places[subject, default: []].append(place)
        case .forgotPlaces(let time): forgetPlaces(upTo: time)
        case .returned(let limits): self = limits
        case .gone: self = UserLimits()
        }
    }
}

// MARK: - As bytes

// The format is described at the top of `Journal.swift`. What has no order is written in that of the hashes: the same state has the same bytes.

extension [UInt8] {
    mutating func append(_ limits: UserLimits) {
        append(limits.entered)
        for use in LimitedUse.allCases {
            appendVarint(UInt64(limits[use].count))
            for time in limits[use] { appendVarint(ZigZag.encode(time)) }
        }
        append(limits.mutes)
        appendVarint(UInt64(limits.places.count))
        for (subject, places) in limits.places.sorted(by: { $0.key < $1.key }) {
            appendFixed(subject)
            appendVarint(UInt64(places.count))
            for place in places { append(place) }
        }
    }

    private mutating func append(_ ends: [UInt64: Int64]) {
        appendVarint(UInt64(ends.count))
        for (subject, until) in ends.sorted(by: { $0.key < $1.key }) {
            appendFixed(subject)
            appendVarint(ZigZag.encode(until))
        }
    }

    private mutating func append(_ place: FollowPlace) {
        appendFixed(place.user.latitude)
        appendFixed(place.user.longitude)
        appendFixed(place.subject.latitude)
        appendFixed(place.subject.longitude)
        appendVarint(ZigZag.encode(place.until))
    }

    mutating func append(_ change: LimitChange) {
        switch change {
        case .entered(let subject, let until):
            append(1)
            appendFixed(subject)
            appendVarint(ZigZag.encode(until))
        case .used(let use, let time):
            append(2)
            append(use.rawValue)
            appendVarint(ZigZag.encode(time))
        case .muted(let subject, let until):
            append(3)
            appendFixed(subject)
            appendVarint(ZigZag.encode(until))
        case .met(let subject, let place):
            append(4)
            appendFixed(subject)
            append(place)
        case .forgotPlaces(let time):
            append(5)
            appendVarint(ZigZag.encode(time))
        case .returned(let limits):
            append(6)
            append(limits)
        case .gone: append(7)
        }
    }
}

extension RawReader {
    mutating func userLimits() -> UserLimits? {
        var limits = UserLimits()
        guard let entered = ends() else { return nil }
        limits.entered = entered
        for use in LimitedUse.allCases {
            guard let count = count() else { return nil }
            for _ in 0..<count {
                guard let time = varint() else { return nil }
                limits[use].append(ZigZag.decode(time))
            }
        }
        guard let mutes = ends(), let count = count() else { return nil }
        limits.mutes = mutes
        for _ in 0..<count {
            guard let subject = fixed(UInt64.self), let places = self.count() else { return nil }
            for _ in 0..<places {
                guard let place = followPlace() else { return nil }
                limits.places[subject, default: []].append(place)
            }
        }
        return limits
    }

    private mutating func ends() -> [UInt64: Int64]? {
        guard let count = count() else { return nil }
        var ends: [UInt64: Int64] = [:]
        for _ in 0..<count {
            guard let subject = fixed(UInt64.self), let until = varint() else { return nil }
            ends[subject] = ZigZag.decode(until)
        }
        return ends
    }

    private mutating func followPlace() -> FollowPlace? {
        guard let user = place(), let subject = place(), let until = varint() else { return nil }
        return FollowPlace(user: user, subject: subject, until: ZigZag.decode(until))
    }

    mutating func limitChange() -> LimitChange? {
        switch byte() {
        case 1:
            guard let subject = fixed(UInt64.self), let until = varint() else { return nil }
            return .entered(subject, until: ZigZag.decode(until))
        case 2:
            guard let use = byte().flatMap({ LimitedUse(rawValue: $0) }), let time = varint() else { return nil }
            return .used(use, at: ZigZag.decode(time))
        case 3:
            guard let subject = fixed(UInt64.self), let until = varint() else { return nil }
            return .muted(subject, until: ZigZag.decode(until))
        case 4:
            guard let subject = fixed(UInt64.self), let place = followPlace() else { return nil }
            return .met(subject, place)
        case 5: return varint().map { .forgotPlaces(upTo: ZigZag.decode($0)) }
        case 6: return userLimits().map { .returned($0) }
        case 7: return .gone
        default: return nil
        }
    }
}
