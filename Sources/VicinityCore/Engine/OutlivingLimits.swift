// What is kept of a user who is gone, under a keyed hash of the id: the `ts` of the sign-off, so that resends stay harmless, and what the limits
// need, so that nobody gets rid of one by leaving. It is forgotten by the system clock; what lasts a span in `ts` is taken to last as
// long on the clock, from when the user was gone.

/// What must outlive a sign-off so that signing off resets no limit.
struct RadiusLimit: Equatable {
    /// Metres.
    var radius: Double
    /// The user had sent a radius.
    var isOwn: Bool
    /// The `ts` of the last change, if there was one of late.
    var lastChange: Int64?
}

/// What ``SignOff/limits`` says.
struct OutlivingLimits: Equatable {
    /// `nil` if nothing is known of it any more.
    var radius: RadiusLimit?
    /// What to add to a `ts` of the user to have the system clock, in milliseconds.
    var toClock: Int64 = 0
    var limits = UserLimits()

    /// Empty bytes, and what no engine of a version that is read wrote, are no limit.
    init(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { raw in
            var reader = RawReader(raw)
            guard let version = reader.byte(), (1...Self.version).contains(version), let bits = reader.byte() else { return }
            let isKnown = version == 1 || bits & Bit.radius != 0
            if isKnown {
                guard let radius = reader.varint(), let change = reader.varint() else { return }
                let isOwn = version == 1 ? bits == 1 : bits & Bit.isOwn != 0
                self.radius = RadiusLimit(
                    radius: Double(bitPattern: radius), isOwn: isOwn, lastChange: change == 0 ? nil : Int64(change) - 1)
            }
            guard version > 1, let toClock = reader.varint(), let limits = reader.userLimits() else { return }
            self.toClock = ZigZag.decode(toClock)
            self.limits = limits
        }
    }

    private static var version: UInt8 { 2 }

    private enum Bit {
        static let radius: UInt8 = 1
        static let isOwn: UInt8 = 2
    }

    /// Version 2: `u8 version · u8 1 the radius is known + 2 it was the user's own · [varint bits of the radius · varint last change + 1, or 0]
    /// · signed to clock · limits`. Where there are no limits, version 1: `u8 version · u8 own · varint bits · varint change`.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        if limits.isEmpty {
            guard let radius else { return [] }
            bytes = [1, radius.isOwn ? 1 : 0]
        } else {
            bytes = [Self.version, (radius == nil ? 0 : Bit.radius) | (radius?.isOwn == true ? Bit.isOwn : 0)]
        }
        if let radius {
            bytes.appendVarint(radius.radius.bitPattern)
            bytes.appendVarint(radius.lastChange.map { UInt64($0) + 1 } ?? 0)
        }
        guard !limits.isEmpty else { return bytes }
        bytes.appendVarint(ZigZag.encode(toClock))
        bytes.append(limits)
        return bytes
    }
}

/// When something of a sign-off may be forgotten.
struct SignOffEnd: Comparable {
    let until: Int64
    let hash: UInt64

    static func < (one: SignOffEnd, other: SignOffEnd) -> Bool { (one.until, one.hash) < (other.until, other.hash) }
}

extension Engine {
    /// How long a sign-off is remembered at least, by the clock, in milliseconds.
    static var signOffSpan: Int64 { 3_600_000 }

    func signOffHash(_ id: UnsafePointer<UInt8>, count: Int) -> UInt64 {
        signOffKey.hash(UnsafeRawBufferPointer(start: id, count: count))
    }

    func signOffHash(_ id: [UInt8]) -> UInt64 { id.withUnsafeBytes { signOffKey.hash($0) } }

    mutating func remember(_ signOff: SignOff, into changes: inout Changes) {
        restore(signOff)
        changes.signOffs.append(signOff)
    }

    /// Takes up a sign-off that was stored.
    public mutating func restore(_ signOff: SignOff) {
        signOffs[signOff.hash] = signOff
        signOffOrder.insert(SignOffEnd(until: signOff.until, hash: signOff.hash))
        awaitPlaceEnd(of: signOff.hash, OutlivingLimits(signOff.limits))
    }

    mutating func forgetSignOffs(now: Int64) {
        while let first = signOffOrder.first, first.until <= now {
            if signOffs[first.hash]?.until == first.until { signOffs[first.hash] = nil }
            _ = signOffOrder.removeFirst()
        }
    }

    /// What the limits know of a user, as far as it will count after a `ts`.
    func outlivingLimits(_ slot: UInt32, after time: Int64) -> UserLimits {
        guard users[slot].pointee.hasLimits, var limits = limits[slot]?.limits else { return UserLimits() }
        limits.forget(upTo: time)
        for use in LimitedUse.allCases { limits[use].removeAll { !counts($0, for: use) } }
        return limits
    }

    /// When nothing counts any more of what has outlived a user, on the system clock.
    func end(of outliving: OutlivingLimits) -> Int64 {
        var end = outliving.limits.end.map { $0 + outliving.toClock } ?? .min
        for use in LimitedUse.allCases {
            guard let limit = rules[use], let last = outliving.limits[use].max() else { continue }
            end = max(end, present.wall + min(last, useClock) - useClock + limit.span)
        }
        return end
    }

    // MARK: - Who was silent for too long

    /// Keeps what limits need of a silent user who is forgotten. The last `ts` and the radius are not among it.
    mutating func rememberLimits(_ slot: UInt32, into changes: inout Changes) {
        guard let signOff = limitsOutliving(slot) else { return }
        remember(signOff, into: &changes)
    }

    private func limitsOutliving(_ slot: UInt32) -> SignOff? {
        let user = users[slot]
        var outliving = OutlivingLimits([])
        outliving.limits = outlivingLimits(slot, after: user.pointee.time)
        outliving.toClock = (user.pointee.isSilent ? user.pointee.silentSince : present.wall) - user.pointee.time
        outliving.limits.forgetPlaces(upTo: present.wall - outliving.toClock)
        let until = end(of: outliving)
        guard !outliving.limits.isEmpty, until > present.wall else { return nil }
        return SignOff(hash: user.pointee.id.withBytes { signOffKey.hash($0) }, time: -1, until: until, limits: outliving.bytes)
    }

    /// What must be kept of a user who is to be erased so that being erased resets no limit: counts and mutes, but no place, no radius and no `ts`.
    ///
    /// - Parameter id: of somebody who is there, or of whom a sign-off is remembered.
    /// - Returns: `nil` if nothing counts.
    public func limitsOutliving(erasureOf id: [UInt8]) -> SignOff? {
        let hash = signOffHash(id)
        var erased: SignOff
        if let slot = findUser(id) {
            guard let signOff = limitsOutliving(slot) else { return nil }
            erased = signOff
        } else {
            guard let signOff = signOffs[hash] else { return nil }
            erased = signOff
        }
        var outliving = OutlivingLimits(erased.limits)
        outliving.radius = nil
        outliving.limits.places = [:]
        let until = end(of: outliving)
        guard !outliving.limits.isEmpty, until > present.wall else { return nil }
        erased = SignOff(hash: hash, time: -1, until: until, limits: outliving.bytes)
        return erased
    }

    // MARK: - Places

    /// Forgets the places of those who are gone or silent as soon as the clock says that they count no more: they are positions.
    ///
    /// - Complexity: O(1) if there is nothing to forget.
    mutating func forgetPlaces(now: Int64, into changes: inout Changes) {
        while let first = signOffPlaceEnds.first, first.until <= now {
            _ = signOffPlaceEnds.removeFirst()
            guard let signOff = signOffs[first.hash] else { continue }
            var outliving = OutlivingLimits(signOff.limits)
            guard let end = outliving.limits.nextPlaceEnd, end + outliving.toClock <= now else { continue }
            outliving.limits.forgetPlaces(upTo: now - outliving.toClock)
            hasForgottenPositions = true
            remember(SignOff(hash: signOff.hash, time: signOff.time, until: signOff.until, limits: outliving.bytes), into: &changes)
        }
        while let first = placeEnds.first, first.due <= now {
            _ = placeEnds.removeFirst()
            let user = users[first.slot]
            guard user.pointee.isUsed, user.pointee.isSilent, let end = limits[first.slot]?.limits.nextPlaceEnd else { continue }
            let present = user.pointee.time + (now - user.pointee.silentSince)
            guard end <= present else { continue }
            change(first.slot, .forgotPlaces(upTo: present))
            hasForgottenPositions = true
            awaitPlaceEnd(of: first.slot)
        }
    }

    private mutating func awaitPlaceEnd(of hash: UInt64, _ outliving: OutlivingLimits) {
        guard let end = outliving.limits.nextPlaceEnd else { return }
        signOffPlaceEnds.insert(SignOffEnd(until: end + outliving.toClock, hash: hash))
    }

    /// Sees to it that the places of a silent user are forgotten when they count no more.
    mutating func awaitPlaceEnd(of slot: UInt32) {
        let user = users[slot]
        guard user.pointee.hasLimits, let end = limits[slot]?.limits.nextPlaceEnd else { return }
        placeEnds.insert(Alarm(due: user.pointee.silentSince + (end - user.pointee.time), kind: .user, slot: slot))
    }
}
