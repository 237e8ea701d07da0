// The engine's state as bytes, for the log: what a commit changed (a journal), and all of it, piece by piece (pages).
//
// Every commit writes a journal: the pairs that opened and closed, and the new state of everyone it touched. Now and then it also
// writes a page, the whole state of 256 slots. Once every page has been written anew, older journals are of no
// more use. So the log holds at any time what recovery needs, no step ever writes everything, and nothing pauses.
//
// Recovery takes the register, then all pages, then all journals in order; for a slot, journals up to its page's commit are passed over.
//
// All numbers are LEB128 varints unless said otherwise; `signed` is zigzag, `metres` a varint 2·x where 2·x is below 2^32 and x is an integer,
// or the varint 1 and eight bytes of a double, little-endian; `id` a length and bytes; `place` two i32, little-endian, 1e-7 degree.
//
//     journal   u8 version (6) · head
//               · operations n, each: user·2 + (1 opened | 0 closed) · subject
//                 · if opened: signed (seq − that of the one opened before) · signed (time − that of the one opened before) · u8 cause
//               · signed time of reference · metres radius of reference · u32 n, before every 4,096 of them: frame · each: brief
//               · users n, each: slot · user
//               · subjects n, each: slot · state
//               · changes of limits n, each: user · change
//     page      u8 version (4) · u8 0 users | 1 subjects · commit
//               users:    n, each: place in the page · user · pairs n, each: subject · seq · signed time · u8 cause · [limits]
//               subjects: n, each: place in the page · state
//     frame     of slot, latitude, longitude, time and accuracy each: signed least · u8 bits
//     brief     at most 16 bytes, see `BriefUser.swift`: most of those whom a commit touches; who is among them several times, or among the users too, is what is said last
//     user      flags · unless free: [id] · place · time · metres radius · metres accuracy · [signed silent since] · [notes]
//     flags     1 in use, 2 own radius, 4 near but outside of some subject, 8 the id follows, 16 silent, 32 notes follow, 64 limits follow (in pages)
//     notes     u8 1 held + 2 heard + 4 radius change · [fix] · [heard] · [time of the radius change]
//               · waits n, each: u8 1 enter dwell | 2 leave dwell | 3 cooldown · u8 cause · subject · signed due
//     state     u8 1 moving + 2 silent + 4 not yet valid + 8 no longer valid · place · signed time
//               · if moving: metres accuracy · signed heard · u8 1 held | 0 · [fix]
//     fix       place · time · metres accuracy · metres radius
//     limits    entered n, each: end · details n, each: signed time · reports n, each: signed time · mutes n, each: end
//               · companions n, each: u64 subject · places n, each: met
//     end       u64 subject · signed ts
//     met       place of the user · place of the subject · signed ts until which it counts
//     change    u8 1 entered · end | 2 used · u8 1 details, 2 reports · signed time | 3 muted, whose places go · end | 4 met · u64 subject · met
//               | 5 places that count no more go · signed ts | 6 returned · limits | 7 gone
//
// A subject is named in limits by a keyed hash of its id, little-endian. Changes of limits are applied in order, by themselves.
//
// Version 5 of a journal has no frame, and its brief users are 16 bytes each. Version 4 of a journal has no brief users, and an operation's seq and time are not differences. Version 3 has no limits. Version 2 has subjects' states without what follows the time, version 1 no causes either; both are still read. A pair's cause is then
// taken as `user`, and a moving subject as last heard of at its time.
//
// A user who is touched with every commit is what this is for: a record that fits becomes a few bytes, and all of a commit go into one
// piece of memory. Bytes cost more on the way to the disk than here, so that whatever is the same for most is said once.

import CPrimitives

extension Engine {
    static var journalVersion: UInt8 { 6 }
    static var pageVersion: UInt8 { 4 }
    /// Slots in a page.
    static var pageSize: Int { 256 }

    enum Flag {
        static let used: UInt8 = 1
        static let ownRadius: UInt8 = 2
        static let nearOutside: UInt8 = 4
        static let idFollows: UInt8 = 8
        static let silent: UInt8 = 16
        static let notes: UInt8 = 32
        static let limits: UInt8 = 64
    }

    // MARK: - Journals

    mutating func noteOpened(_ user: UInt32, _ pair: OpenPair) {
        let before = lastOpened
        journalOperations.write(atMost: 40) { writer in
            writer.varint(UInt64(user) << 1 | 1)
            writer.varint(UInt64(pair.subject))
            writer.varint(ZigZag.encode(pair.encounter &- before.seq))
            writer.varint(ZigZag.encode(pair.since &- before.time))
            writer.byte(pair.cause.rawValue)
        }
        lastOpened = (pair.encounter, pair.since)
        operationCount += 1
    }

    mutating func noteClosed(_ user: UInt32, _ subject: UInt32) {
        journalOperations.write(atMost: 20) { writer in
            writer.varint(UInt64(user) << 1)
            writer.varint(UInt64(subject))
        }
        operationCount += 1
    }

    /// Notes for the next journal how a fix has left a user, now that the record is at hand: when the journal is taken it would have to be fetched again.
    ///
    /// A user with several fixes in a commit is noted several times, and the last one counts; so does what ``touch(_:)`` has asked for.
    @inline(__always)
    mutating func noteStep(_ slot: UInt32) {
        let user = users[slot]
        guard !user.pointee.isTouched else { return }
        if briefUsers.isEmpty { briefReference = BriefUser.Reference(time: user.pointee.time, radius: rules.radius) }
        if let brief = BriefUser(slot, user, briefReference) { briefUsers.append(brief) } else { touch(slot) }
    }

    /// Whether anything changed since the journal was last taken.
    public var hasJournal: Bool {
        !briefUsers.isEmpty || !touched.isEmpty || !touchedSubjects.isEmpty || operationCount > 0 || limitChangeCount > 0
    }

    /// Appends what changed since this was last called. Call it after ``reclaim()``.
    ///
    /// - Complexity: O(users touched + pairs changed); 10 to 12 bytes for most users.
    public mutating func takeJournal(into bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + 128 + journalOperations.count + (briefUsers.count + touched.count) * 12)
        bytes.append(Self.journalVersion)
        bytes.appendVarint(UInt64(head))
        bytes.appendVarint(UInt64(operationCount))
        bytes.append(contentsOf: journalOperations)
        journalOperations.removeAllForReuse()
        operationCount = 0
        lastOpened = (0, 0)
        takeUsers(into: &bytes)
        bytes.appendVarint(UInt64(touchedSubjects.count))
        for slot in touchedSubjects {
            bytes.appendVarint(UInt64(slot))
            appendState(slot, to: &bytes)
            subjects[slot].pointee.isTouched = false
        }
        touchedSubjects.removeAllForReuse()
        bytes.appendVarint(UInt64(limitChangeCount))
        bytes.append(contentsOf: limitChanges)
        limitChanges.removeAllForReuse()
        limitChangeCount = 0
    }

    /// How many users are asked for ahead of being written: many were touched so long ago that they have left the caches.
    private static var ahead: Int { 16 }

    private mutating func takeUsers(into bytes: inout [UInt8]) {
        if briefUsers.isEmpty {
            briefReference = BriefUser.Reference(time: touched.first.map { users[$0].pointee.time } ?? 0, radius: rules.radius)
        }
        var others: [UInt32] = []
        for place in touched.indices {
            if place + Self.ahead < touched.count { users.prefetch(touched[place + Self.ahead]) }
            let slot = touched[place]
            let user = users[slot]
            guard let brief = BriefUser(slot, user, briefReference) else {
                others.append(slot)
                continue
            }
            user.pointee.isTouched = false
            briefUsers.append(brief)
        }
        touched.removeAllForReuse()
        if hasStaleBriefs { dropStaleBriefs(besides: others) }
        writeBriefUsers(into: &bytes)
        bytes.appendVarint(UInt64(others.count))
        for slot in others {
            let user = users[slot]
            bytes.appendVarint(UInt64(slot))
            appendUser(slot, withID: !user.pointee.isJournaled, to: &bytes)
            user.pointee.isJournaled = user.pointee.isUsed
            user.pointee.isTouched = false
            if user.pointee.isVacant { users.vacate(slot) }
        }
    }

    /// Keeps of each user only what is said last: the place of somebody who is gone or silent is not kept, not even for as long as a journal is.
    private mutating func dropStaleBriefs(besides others: [UInt32]) {
        var told = Set(others)
        var kept: [BriefUser] = []
        for brief in briefUsers.reversed() where told.insert(brief.slot).inserted { kept.append(brief) }
        briefUsers = kept.reversed()
        hasStaleBriefs = false
    }

    private mutating func writeBriefUsers(into bytes: inout [UInt8]) {
        bytes.write(atMost: 24) { writer in
            writer.varint(ZigZag.encode(briefReference.time))
            writer.metres(briefReference.radius)
        }
        bytes.appendFixed(UInt32(briefUsers.count))
        briefUsers.withUnsafeBufferPointer { all in
            for first in stride(from: 0, to: all.count, by: BriefFrame.users) {
                let users = UnsafeBufferPointer(rebasing: all[first..<min(first + BriefFrame.users, all.count)])
                let frame = BriefFrame(users)
                // A user is written in two words, whatever comes of it.
                bytes.write(atMost: BriefFrame.greatestSize + users.count * frame.size + 16) { writer in
                    frame.write(to: &writer)
                    for user in users { frame.write(user, to: &writer) }
                }
            }
        }
        briefUsers.removeAllForReuse()
    }

    private func appendUser(_ slot: UInt32, withID: Bool, withLimits: Bool = false, to bytes: inout [UInt8]) {
        let user = users[slot]
        guard user.pointee.isUsed else {
            bytes.append(0)
            return
        }
        var flags = Flag.used
        if user.pointee.hasOwnRadius { flags |= Flag.ownRadius }
        if user.pointee.isNearOutside { flags |= Flag.nearOutside }
        if withID { flags |= Flag.idFollows }
        if user.pointee.isSilent { flags |= Flag.silent }
        if user.pointee.hasNotes { flags |= Flag.notes }
        if withLimits { flags |= Flag.limits }
        bytes.write(atMost: 192) { writer in
            writer.byte(flags)
            if withID { user.pointee.id.withBytes { writer.sized($0) } }
            writer.fixed(user.pointee.latitude)
            writer.fixed(user.pointee.longitude)
            writer.varint(UInt64(user.pointee.time))
            writer.metres(user.pointee.radius)
            writer.metres(user.pointee.accuracy)
        }
        if user.pointee.isSilent { bytes.appendVarint(ZigZag.encode(user.pointee.silentSince)) }
        if let notes = notes(of: slot) { bytes.append(notes) }
    }

    /// Whose state is stored under a slot: of an edition beside the live one that of subjects which only it has.
    private func stored(_ slot: UInt32) -> UnsafeMutablePointer<SubjectRecord> {
        if beside != .nothing, !subjects[slot].pointee.isUsed, let record = other.record(slot) { return record }
        return subjects[slot]
    }

    private func appendState(_ slot: UInt32, to bytes: inout [UInt8]) {
        let subject = stored(slot).pointee
        let flags = subject.flags.intersection(.stored)
        var state = StoredMotion(flags: flags.rawValue, position: subject.position, time: subject.time)
        if subject.isMoving {
            let motion = motions[subject.motion].pointee
            state.accuracy = motion.accuracy
            state.heard = motion.heard
            state.held = motion.held
        }
        bytes.append(state)
    }

    // MARK: - Pages

    /// How many pages hold the whole state.
    public var pageCount: Int { userPageCount + subjectPageCount }

    private var userPageCount: Int { (users.count + Self.pageSize - 1) / Self.pageSize }
    private var subjectPageCount: Int { hasSubjectStates ? (subjects.count + Self.pageSize - 1) / Self.pageSize : 0 }

    /// The name under which the page is stored: those of users are even, those of subjects odd, so that both can grow.
    public func pageName(_ index: Int) -> Int { index < userPageCount ? index * 2 : (index - userPageCount) * 2 + 1 }

    /// Appends the page at `index`, 0 up to ``pageCount``, as of now. Call it after ``takeJournal(into:)`` of the same commit.
    public func encodePage(_ index: Int, commit: Int64, into bytes: inout [UInt8]) {
        bytes.append(Self.pageVersion)
        if index < userPageCount {
            bytes.append(0)
            bytes.appendVarint(UInt64(commit))
            encodeUsers(from: index * Self.pageSize, into: &bytes)
        } else {
            bytes.append(1)
            bytes.appendVarint(UInt64(commit))
            encodeStates(from: (index - userPageCount) * Self.pageSize, into: &bytes)
        }
    }

    private func encodeUsers(from first: Int, into bytes: inout [UInt8]) {
        let slots = UInt32(first)..<UInt32(min(first + Self.pageSize, users.count))
        bytes.appendVarint(UInt64(slots.count { users[$0].pointee.isUsed }))
        for slot in slots where users[slot].pointee.isUsed {
            // The records lie one after the other, but their lists do not.
            if slot + 8 < slots.upperBound { users[slot + 8].pointee.pairs.prefetch() }
            bytes.appendVarint(UInt64(slot) - UInt64(first))
            let limits = users[slot].pointee.hasLimits ? limits[slot]?.limits : nil
            let hasLimits = limits?.isEmpty == false
            appendUser(slot, withID: true, withLimits: hasLimits, to: &bytes)
            let pairs = users[slot].pointee.pairs.elements
            bytes.write(atMost: 10 + pairs.count * 36) { writer in
                writer.varint(UInt64(pairs.count))
                for pair in pairs {
                    writer.varint(UInt64(pair.subject))
                    writer.varint(UInt64(pair.encounter))
                    writer.varint(ZigZag.encode(pair.since))
                    writer.byte(pair.cause.rawValue)
                }
            }
            if hasLimits, let limits { bytes.append(limits) }
        }
    }

    private func encodeStates(from first: Int, into bytes: inout [UInt8]) {
        let slots = UInt32(first)..<UInt32(min(first + Self.pageSize, subjects.count))
        bytes.appendVarint(UInt64(slots.count { stored($0).pointee.isUsed }))
        for slot in slots where stored(slot).pointee.isUsed {
            bytes.appendVarint(UInt64(slot) - UInt64(first))
            appendState(slot, to: &bytes)
        }
    }
}

extension RawReader {
    /// Reads the pair of an operation that opened one.
    ///
    /// - Parameter before: the seq and the time of the one opened before; becomes those of this one. Not used before version 5.
    mutating func openedPair(version: UInt8, after before: inout (seq: Int64, time: Int64)) -> OpenPair? {
        guard version >= 5 else { return openPair(version: version) }
        guard let subject = slot(), let seq = varint(), let time = varint(), let cause = byte().flatMap({ Cause(rawValue: $0) }) else {
            return nil
        }
        before.seq &+= ZigZag.decode(seq)
        before.time &+= ZigZag.decode(time)
        guard before.seq >= 0, OpenPair.times.contains(before.time) else { return nil }
        return OpenPair(encounter: before.seq, since: before.time, subject: subject, cause: cause)
    }

    /// Reads an open pair.
    mutating func openPair(version: UInt8) -> OpenPair? {
        guard let subject = count(), subject < 0x7fff_ffff, let seq = count(), let time = varint() else { return nil }
        var cause: Cause? = .user
        if version > 1 { cause = byte().flatMap { Cause(rawValue: $0) } }
        let since = ZigZag.decode(time)
        guard OpenPair.times.contains(since) else { return nil }
        return cause.map { OpenPair(encounter: Int64(seq), since: since, subject: UInt32(subject), cause: $0) }
    }

    /// Reads a length in metres.
    mutating func metres() -> Double? {
        guard let head = varint() else { return nil }
        return head == 1 ? double() : Double(head >> 1)
    }

    /// Reads a place.
    mutating func place() -> Coordinate? {
        guard let latitude = fixed(Int32.self), let longitude = fixed(Int32.self), (-900_000_000...900_000_000).contains(latitude),
            (-1_800_000_000...1_800_000_000).contains(longitude)
        else { return nil }
        return Coordinate(latitude: latitude, longitude: longitude)
    }
}
