// How users and subjects are laid out in pages and journals, one way and back. The format is described at the top of `Journal.swift`.

extension [UInt8] {
    mutating func append(_ user: StoredUser) {
        var flags = Engine.Flag.used | Engine.Flag.idFollows
        if user.hasOwnRadius { flags |= Engine.Flag.ownRadius }
        if user.isNearOutside { flags |= Engine.Flag.nearOutside }
        if user.silentSince != nil { flags |= Engine.Flag.silent }
        if !user.notes.isEmpty { flags |= Engine.Flag.notes }
        if !user.limits.isEmpty { flags |= Engine.Flag.limits }
        append(flags)
        (user.id ?? []).withUnsafeBytes { appendSized($0) }
        append(user.position)
        appendVarint(UInt64(user.time))
        appendMetres(user.radius)
        appendMetres(user.accuracy)
        if let since = user.silentSince { appendVarint(ZigZag.encode(since)) }
        if !user.notes.isEmpty { append(user.notes) }
        appendVarint(UInt64(user.pairs.count))
        for pair in user.pairs {
            appendVarint(UInt64(pair.subject))
            appendVarint(UInt64(pair.encounter))
            appendVarint(ZigZag.encode(pair.since))
            append(pair.cause.rawValue)
        }
        if !user.limits.isEmpty { append(user.limits) }
    }

    /// Appends what is kept of a user besides the record; see the top of `Journal.swift`.
    mutating func append(_ notes: UserNotes) {
        append((notes.held == nil ? 0 : 1) | (notes.heard == nil ? 0 : 2) | (notes.radiusChange == nil ? 0 : 4))
        if let held = notes.held { append(held) }
        if let heard = notes.heard { appendVarint(UInt64(heard)) }
        if let change = notes.radiusChange { appendVarint(UInt64(change)) }
        appendVarint(UInt64(notes.waits.count))
        for wait in notes.waits {
            append(wait.kind.rawValue)
            append(wait.cause.rawValue)
            appendVarint(UInt64(wait.subject))
            appendVarint(ZigZag.encode(wait.due))
        }
    }

    /// Appends what became of a subject; see the top of `Journal.swift`.
    mutating func append(_ motion: StoredMotion) {
        append(motion.flags)
        append(motion.position)
        appendVarint(ZigZag.encode(motion.time))
        guard motion.isMoving else { return }
        appendMetres(motion.accuracy)
        appendVarint(ZigZag.encode(motion.heard))
        append(motion.held == nil ? 0 : 1)
        if let held = motion.held { append(held) }
    }

    private mutating func append(_ held: HeldFix) {
        append(held.position)
        appendVarint(UInt64(held.time))
        appendMetres(held.accuracy)
        appendMetres(held.radius)
    }

    private mutating func append(_ place: Coordinate) {
        appendFixed(place.latitude)
        appendFixed(place.longitude)
    }

    private mutating func appendMetres(_ metres: Double) {
        if metres >= 0, metres < 2_147_483_648, let whole = UInt64(exactly: metres) {
            appendVarint(whole << 1)
        } else {
            appendVarint(1)
            appendDouble(metres)
        }
    }
}

extension RawReader {
    mutating func slot() -> UInt32? {
        guard let slot = count(), slot < 0x7fff_ffff else { return nil }
        return UInt32(slot)
    }

    /// - Parameter hasLimits: becomes whether limits follow, behind the pairs.
    /// - Returns: `.some(nil)` for a slot that is free.
    mutating func storedUser(hasLimits: inout Bool) -> StoredUser?? {
        guard let flags = byte() else { return nil }
        guard flags & Engine.Flag.used != 0 else { return .some(nil) }
        var id: [UInt8]?
        if flags & Engine.Flag.idFollows != 0 {
            guard let bytes = sized(), (1...128).contains(bytes.count) else { return nil }
            id = [UInt8](bytes)
        }
        guard let position = place(), let time = count(), let radius = metres(), let accuracy = metres() else { return nil }
        var user = StoredUser(
            id: id, hasOwnRadius: flags & Engine.Flag.ownRadius != 0, isNearOutside: flags & Engine.Flag.nearOutside != 0,
            position: position, time: Int64(time), radius: radius, accuracy: accuracy)
        if flags & Engine.Flag.silent != 0 {
            guard let since = varint() else { return nil }
            user.silentSince = ZigZag.decode(since)
        }
        if flags & Engine.Flag.notes != 0 {
            guard let notes = userNotes() else { return nil }
            user.notes = notes
        }
        hasLimits = flags & Engine.Flag.limits != 0
        return user
    }

    /// Reads what is kept of a user besides the record.
    mutating func userNotes() -> UserNotes? {
        var notes = UserNotes()
        guard let bits = byte(), bits < 8 else { return nil }
        if bits & 1 != 0 {
            guard let held = heldFix() else { return nil }
            notes.held = held
        }
        if bits & 2 != 0 {
            guard let heard = count() else { return nil }
            notes.heard = Int64(heard)
        }
        if bits & 4 != 0 {
            guard let change = count() else { return nil }
            notes.radiusChange = Int64(change)
        }
        guard let waits = count() else { return nil }
        for _ in 0..<waits {
            guard let kind = byte().flatMap({ Wait.Kind(rawValue: $0) }), let cause = byte().flatMap({ Cause(rawValue: $0) }),
                let subject = slot(), let due = varint()
            else { return nil }
            notes.waits.append(Wait(kind: kind, cause: cause, subject: subject, due: ZigZag.decode(due), timer: 0))
        }
        return notes
    }

    private mutating func heldFix() -> HeldFix? {
        guard let position = place(), let time = count(), let accuracy = metres(), let radius = metres() else { return nil }
        return HeldFix(position: position, accuracy: accuracy, radius: radius, time: Int64(time))
    }

    /// - Parameter version: of the page or journal.
    mutating func storedMotion(version: UInt8) -> StoredMotion? {
        guard let flags = byte(), SubjectFlags.stored.isSuperset(of: SubjectFlags(rawValue: flags)), let position = place(),
            let time = varint()
        else { return nil }
        var motion = StoredMotion(flags: flags, position: position, time: ZigZag.decode(time))
        motion.heard = motion.time
        guard version >= 3, motion.isMoving else { return motion }
        guard let accuracy = metres(), let heard = varint(), let held = byte() else { return nil }
        motion.accuracy = accuracy
        motion.heard = ZigZag.decode(heard)
        if held == 1 {
            guard let fix = heldFix() else { return nil }
            motion.held = fix
        }
        return motion
    }
}
