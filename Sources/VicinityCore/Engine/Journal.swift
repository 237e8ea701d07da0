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
//     journal   u8 version (4) · head
//               · operations n, each: user·2 + (1 opened | 0 closed) · subject · if opened: seq · signed time · u8 cause
//               · users n, each: slot · user
//               · subjects n, each: slot · state
//               · changes of limits n, each: user · change
//     page      u8 version (4) · u8 0 users | 1 subjects · commit
//               users:    n, each: place in the page · user · pairs n, each: subject · seq · signed time · u8 cause · [limits]
//               subjects: n, each: place in the page · state
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
// Version 3 has no limits. Version 2 has subjects' states without what follows the time, version 1 no causes either; both are still read. A pair's cause is then
// taken as `user`, and a moving subject as last heard of at its time.

import CPrimitives

extension Engine {
    static var journalVersion: UInt8 { 4 }
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
        journalOperations.appendVarint(UInt64(user) << 1 | 1)
        journalOperations.append(pair)
        operationCount += 1
    }

    mutating func noteClosed(_ user: UInt32, _ subject: UInt32) {
        journalOperations.appendVarint(UInt64(user) << 1)
        journalOperations.appendVarint(UInt64(subject))
        operationCount += 1
    }

    /// Whether anything changed since the journal was last taken.
    public var hasJournal: Bool { !touched.isEmpty || !touchedSubjects.isEmpty || operationCount > 0 || limitChangeCount > 0 }

    /// Appends what changed since this was last called. Call it after ``reclaim()``.
    ///
    /// - Complexity: O(users touched + pairs changed); about 25 bytes a user.
    public mutating func takeJournal(into bytes: inout [UInt8]) {
        bytes.append(Self.journalVersion)
        bytes.appendVarint(UInt64(head))
        bytes.appendVarint(UInt64(operationCount))
        bytes.append(contentsOf: journalOperations)
        journalOperations.removeAll(keepingCapacity: true)
        operationCount = 0
        bytes.appendVarint(UInt64(touched.count))
        bytes.reserveCapacity(bytes.count + touched.count * 32)
        for (place, slot) in touched.enumerated() {
            // Many were touched so long ago that they have left the caches.
            if place + 16 < touched.count { vicinity_prefetch(users[touched[place + 16]]) }
            let user = users[slot]
            bytes.appendVarint(UInt64(slot))
            appendUser(slot, withID: !user.pointee.isJournaled, to: &bytes)
            user.pointee.isJournaled = user.pointee.isUsed
            user.pointee.isTouched = false
            if user.pointee.isVacant { users.vacate(slot) }
        }
        touched.removeAll(keepingCapacity: true)
        bytes.appendVarint(UInt64(touchedSubjects.count))
        for slot in touchedSubjects {
            bytes.appendVarint(UInt64(slot))
            appendState(slot, to: &bytes)
            subjects[slot].pointee.isTouched = false
        }
        touchedSubjects.removeAll(keepingCapacity: true)
        bytes.appendVarint(UInt64(limitChangeCount))
        bytes.append(contentsOf: limitChanges)
        limitChanges.removeAll(keepingCapacity: true)
        limitChangeCount = 0
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
        bytes.append(flags)
        if withID { user.pointee.id.withBytes { bytes.appendSized($0) } }
        // One append for all: a check of uniqueness for each byte costs more than the bytes.
        withUnsafeTemporaryAllocation(byteCount: 48, alignment: 1) { buffer in
            var writer = RawWriter(buffer)
            writer.fixed(user.pointee.latitude)
            writer.fixed(user.pointee.longitude)
            writer.varint(UInt64(user.pointee.time))
            writer.metres(user.pointee.radius)
            writer.metres(user.pointee.accuracy)
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<writer.count]))
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
            bytes.appendVarint(UInt64(slot) - UInt64(first))
            let limits = users[slot].pointee.hasLimits ? limits[slot]?.limits : nil
            let hasLimits = limits?.isEmpty == false
            appendUser(slot, withID: true, withLimits: hasLimits, to: &bytes)
            let pairs = users[slot].pointee.pairs.elements
            bytes.appendVarint(UInt64(pairs.count))
            for pair in pairs { bytes.append(pair) }
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

extension [UInt8] {
    fileprivate mutating func append(_ pair: OpenPair) {
        appendVarint(UInt64(pair.subject))
        appendVarint(UInt64(pair.encounter))
        appendVarint(ZigZag.encode(pair.since))
        append(pair.cause.rawValue)
    }
}

/// Writes into bytes that somebody else keeps alive and that are enough.
private struct RawWriter {
    private let raw: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ raw: UnsafeMutableRawBufferPointer) { self.raw = raw }

    mutating func fixed(_ value: some FixedWidthInteger & BitwiseCopyable) {
        raw.storeBytes(of: value.littleEndian, toByteOffset: count, as: type(of: value))
        count += MemoryLayout.size(ofValue: value)
    }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            raw[count] = UInt8(truncatingIfNeeded: rest) | 0x80
            count += 1
            rest >>= 7
        }
        raw[count] = UInt8(truncatingIfNeeded: rest)
        count += 1
    }

    /// A length in metres; see the top of this file.
    mutating func metres(_ metres: Double) {
        if metres >= 0, metres < 2_147_483_648, let whole = UInt64(exactly: metres) {
            varint(whole << 1)
        } else {
            varint(1)
            fixed(metres.bitPattern)
        }
    }
}

extension RawReader {
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
