import CPrimitives

/// Puts an engine back together from the register, pages and journals; see the top of `Journal.swift`.
///
/// Use it once, in this order: ``subject(slot:_:shown:)`` for each entry of the register, ``swap(at:)`` and ``departing(slot:_:shown:)`` if
/// a swap is not settled, ``suspension(of:by:)``, ``signOff(_:)``, ``page(name:_:)``, ``journal(commit:_:)`` in order, ``finish(now:)``.
public struct Restoration: ~Copyable {
    /// The stored state cannot be read, or contradicts itself.
    public struct Damaged: Error {
        /// What was being read, for the operator.
        public let what: String

        public init(what: String) { self.what = what }
    }

    var engine: Engine
    /// The commit as of which each page was written, by its name.
    private var commitOfPage: [Int64] = []
    private var operations: [Operation] = []
    /// When the register was swapped, if that is not settled.
    var swapTime: Int64?

    /// - Parameter engine: a new one.
    public init(_ engine: consuming Engine) { self.engine = engine }

    /// Takes up an entry of the register.
    ///
    /// - Parameter shown: as the engine gave it when the entry was put, or when it got another key.
    public mutating func subject(slot: UInt32, _ placement: SubjectPlacement, shown: ShownPlace?) {
        while engine.subjects.count <= Int(slot) { _ = engine.subjects.append() }
        engine.fill(slot, placement, kind: placement.kind.map { engine.intern($0) } ?? SubjectRecord.noKind, shown: shown)
        engine.restoreValidity(slot, Validity(placement))
    }

    /// The register was swapped, and not everybody has taken part in that; subjects of the edition before may follow.
    ///
    /// - Parameter time: of the swap, in Unix milliseconds.
    public mutating func swap(at time: Int64) {
        swapTime = time
        engine.beside = .departing
    }

    /// Takes up an entry of the edition before the swap, whose slot is not in the register.
    public mutating func departing(slot: UInt32, _ placement: SubjectPlacement, shown: ShownPlace?) {
        while engine.subjects.count <= Int(slot) { _ = engine.subjects.append() }
        engine.other.grow(to: Int(slot) + 1)
        engine.other.subjects[slot].pointee = SubjectRecord(
            placement, kind: placement.kind.map { engine.intern($0) } ?? SubjectRecord.noKind, shown: shown)
    }

    /// Takes up that an id is suspended, whether the register has it or not.
    public mutating func suspension(of id: [UInt8], by sources: SuspensionSources) { engine.suspended[id, default: []].formUnion(sources) }

    public mutating func signOff(_ signOff: SignOff) { engine.restore(signOff) }

    /// Takes up a page.
    public mutating func page(name: Int, _ bytes: [UInt8]) throws(Damaged) {
        let read = bytes.withUnsafeBytes { raw -> Bool in
            var reader = RawReader(raw)
            guard let version = reader.byte(), (1...Engine.pageVersion).contains(version), let type = reader.byte(),
                let commit = reader.count(), let count = reader.count(), type == UInt8(name & 1)
            else { return false }
            if name >= commitOfPage.count { commitOfPage += [Int64](repeating: 0, count: name + 1 - commitOfPage.count) }
            commitOfPage[name] = Int64(commit)
            let first = (name >> 1) * Engine.pageSize
            for _ in 0..<count {
                guard let offset = reader.count(), offset < Engine.pageSize else { return false }
                let slot = UInt32(first + offset)
                guard type == 0 ? readUser(slot, pairs: version, &reader) : readState(slot, version, &reader, take: true) else {
                    return false
                }
            }
            return reader.isAtEnd
        }
        if !read { throw Damaged(what: "page \(name)") }
    }

    /// Takes up the journal of a commit.
    public mutating func journal(commit: Int64, _ bytes: [UInt8]) throws(Damaged) {
        let read = bytes.withUnsafeBytes { raw -> Bool in
            var reader = RawReader(raw)
            guard let version = reader.byte(), (1...Engine.journalVersion).contains(version), let head = reader.count(),
                let operations = reader.count()
            else { return false }
            engine.head = Int64(head)
            guard readOperations(operations, commit, version, &reader) else { return false }
            guard version < 5 || readBriefUsers(commit, version, &reader), let users = reader.count() else { return false }
            for _ in 0..<users {
                guard let slot = reader.count(), slot < 0x7fff_ffff else { return false }
                guard readUserChange(UInt32(slot), commit, &reader) else { return false }
            }
            guard let subjects = reader.count() else { return false }
            for _ in 0..<subjects {
                guard let slot = reader.count(), slot < 0x7fff_ffff else { return false }
                let isNew = isNew(page: slot / Engine.pageSize * 2 + 1, commit)
                guard readState(UInt32(slot), version, &reader, take: isNew) else { return false }
            }
            guard version < 4 || readLimitChanges(commit, &reader) else { return false }
            return reader.isAtEnd
        }
        if !read { throw Damaged(what: "journal of commit \(commit)") }
    }

    /// The engine as of the last journal.
    ///
    /// - Parameter now: from when on silence and what dwells and cools down is counted anew.
    /// - Throws: ``Damaged`` if an open pair names a subject that is not in the register.
    /// - Complexity: O(users + pairs + subjects); a user's surroundings are scanned only where near and inside differed.
    public consuming func finish(now: ClockReading) throws(Damaged) -> Engine {
        engine.timers.start(at: now.steady)
        engine.startUseClock(now)
        // Nobody knows what the process before had still to take away.
        engine.hasForgottenPositions = engine.users.count > 0 || !engine.signOffs.isEmpty
        try placeSubjects(now)
        for slot in (0..<UInt32(engine.users.count)).reversed() {
            if engine.users[slot].pointee.isUsed {
                try placeUser(slot, now)
            } else {
                engine.limits[slot] = nil
                engine.freeUsers.insert(slot)
                engine.users.vacate(slot)
            }
        }
        if let swapTime {
            // What had changed is not known any more: everybody is asked for every subject.
            let moment = ClockReading(wall: swapTime, steady: now.steady)
            engine.sweep = Sweep(now: moment, same: nil, users: engine.users.count)
            engine.isSweeping = true
        }
        return engine
    }

    // MARK: - Reading

    /// An open pair that came, or one that went, as a journal tells it.
    private struct Operation {
        let user: UInt32
        let subject: UInt32
        let opened: OpenPair?
    }

    /// How many operations are read ahead of being carried out: their users are anywhere in memory, and asked for meanwhile.
    private static let ahead = 64

    private mutating func readOperations(_ count: Int, _ commit: Int64, _ version: UInt8, _ reader: inout RawReader) -> Bool {
        var left = count
        var lastOpened: (seq: Int64, time: Int64) = (0, 0)
        while left > 0 {
            operations.removeAll(keepingCapacity: true)
            for _ in 0..<min(left, Self.ahead) {
                guard let operation = readOperation(version, &reader, &lastOpened) else { return false }
                left -= 1
                guard isNew(operation.user, commit) else { continue }
                grow(to: operation.user)
                vicinity_prefetch(engine.users[operation.user])
                operations.append(operation)
            }
            for operation in operations { engine.users[operation.user].pointee.pairs.prefetch() }
            for operation in operations {
                guard carryOut(operation) else { return false }
            }
        }
        return true
    }

    private func readOperation(
        _ version: UInt8, _ reader: inout RawReader, _ lastOpened: inout (seq: Int64, time: Int64)
    ) -> Operation? {
        guard let head = reader.count(), head >> 1 < 0x7fff_ffff else { return nil }
        let user = UInt32(head >> 1)
        if head & 1 == 1 {
            let pair = reader.openedPair(version: version, after: &lastOpened)
            return pair.map { Operation(user: user, subject: $0.subject, opened: $0) }
        }
        guard let subject = reader.count(), subject < 0x7fff_ffff else { return nil }
        return Operation(user: user, subject: UInt32(subject), opened: nil)
    }

    /// - Returns: whether the pair that goes was there.
    private func carryOut(_ operation: Operation) -> Bool {
        let user = engine.users[operation.user]
        if let pair = operation.opened {
            user.pointee.pairs.append(pair, in: engine.lists)
            return true
        }
        guard let place = user.pointee.pairs.elements.firstIndex(where: { $0.subject == operation.subject }) else { return false }
        user.pointee.pairs.swapRemove(at: place, in: engine.lists)
        return true
    }

    private mutating func readLimitChanges(_ commit: Int64, _ reader: inout RawReader) -> Bool {
        guard let count = reader.count() else { return false }
        for _ in 0..<count {
            guard let user = reader.count(), user < 0x7fff_ffff, let change = reader.limitChange() else { return false }
            if isNew(UInt32(user), commit) { engine.limits[UInt32(user), default: LimitRecord()].limits.apply(change) }
        }
        return true
    }

    private mutating func readBriefUsers(_ commit: Int64, _ version: UInt8, _ reader: inout RawReader) -> Bool {
        guard var all = BriefReader(&reader, version: version) else { return false }
        // A second reader runs ahead and asks for the records, which are anywhere in memory.
        var scout = (all: all, reader: reader)
        for _ in 0..<min(all.count, Self.ahead) { scoutBriefUser(&scout) }
        for _ in 0..<all.count {
            scoutBriefUser(&scout)
            guard let brief = all.next(&reader) else { return false }
            guard isNew(brief.slot, commit) else { continue }
            guard Int(brief.slot) < engine.users.count else { return false }
            let user = engine.users[brief.slot]
            guard user.pointee.isUsed else { return false }
            if user.pointee.hasNotes { engine.userNotes[brief.slot] = nil }
            user.pointee.hasNotes = false
            user.pointee.isSilent = false
            user.pointee.isNearOutside = brief.isNearOutside
            user.pointee.hasOwnRadius = brief.hasOwnRadius
            fill(user, at: brief.position, time: brief.time(all.reference), radius: all.reference.radius, accuracy: brief.accuracy)
        }
        return true
    }

    @inline(__always)
    private func scoutBriefUser(_ scout: inout (all: BriefReader, reader: RawReader)) {
        if let brief = scout.all.next(&scout.reader), Int(brief.slot) < engine.users.count { engine.users.prefetch(brief.slot) }
    }

    /// Gives a user the place of the last fix, where everything about it is evaluated anew.
    private func fill(_ user: UnsafeMutablePointer<UserRecord>, at place: Coordinate, time: Int64, radius: Double, accuracy: Double) {
        user.pointee.latitude = place.latitude
        user.pointee.longitude = place.longitude
        user.pointee.anchorLatitude = place.latitude
        user.pointee.anchorLongitude = place.longitude
        user.pointee.slack = 0
        user.pointee.time = time
        user.pointee.radius = radius
        user.pointee.accuracy = accuracy
    }

    private mutating func readUserChange(_ slot: UInt32, _ commit: Int64, _ reader: inout RawReader) -> Bool {
        if isNew(slot, commit) { return readUser(slot, pairs: nil, &reader) }
        guard let flags = reader.byte() else { return false }
        if flags & Engine.Flag.used == 0 { return true }
        if flags & Engine.Flag.idFollows != 0, reader.sized() == nil { return false }
        guard reader.place() != nil, reader.varint() != nil, reader.metres() != nil, reader.metres() != nil else { return false }
        if flags & Engine.Flag.silent != 0, reader.varint() == nil { return false }
        return flags & Engine.Flag.notes == 0 || reader.userNotes() != nil
    }

    /// - Parameter pairs: the version in which the user's open pairs follow; `nil` if they do not.
    private mutating func readUser(_ slot: UInt32, pairs version: UInt8?, _ reader: inout RawReader) -> Bool {
        grow(to: slot)
        let user = engine.users[slot]
        guard let flags = reader.byte() else { return false }
        if user.pointee.hasNotes { engine.userNotes[slot] = nil }
        user.pointee.hasNotes = false
        guard flags & Engine.Flag.used != 0 else {
            user.pointee.id.free()
            let hadPairs = !user.pointee.pairs.isEmpty
            user.pointee.pairs.free(in: engine.lists)
            user.pointee = UserRecord()
            return !hadPairs
        }
        if flags & Engine.Flag.idFollows != 0 {
            guard let id = reader.sized(), let base = id.baseAddress, (1...128).contains(id.count) else { return false }
            user.pointee.id.free()
            user.pointee.id = ShortID(base.assumingMemoryBound(to: UInt8.self), count: id.count)
        }
        guard user.pointee.isUsed, let place = reader.place(), let time = reader.count(), let radius = reader.metres(),
            let accuracy = reader.metres()
        else { return false }
        fill(user, at: place, time: Int64(time), radius: radius, accuracy: accuracy)
        user.pointee.hasOwnRadius = flags & Engine.Flag.ownRadius != 0
        user.pointee.isJournaled = true
        user.pointee.isSilent = flags & Engine.Flag.silent != 0
        if user.pointee.isSilent {
            guard let since = reader.varint() else { return false }
            user.pointee.silentSince = ZigZag.decode(since)
        }
        if flags & Engine.Flag.notes != 0 {
            guard let notes = reader.userNotes() else { return false }
            engine.userNotes[slot] = notes
            user.pointee.hasNotes = true
        }
        // Until the user is placed this says what was stored.
        user.pointee.isNearOutside = flags & Engine.Flag.nearOutside != 0
        guard let version else { return true }
        guard let count = reader.count() else { return false }
        for _ in 0..<count {
            guard let pair = reader.openPair(version: version) else { return false }
            user.pointee.pairs.append(pair, in: engine.lists)
        }
        engine.limits[slot] = nil
        guard flags & Engine.Flag.limits != 0 else { return true }
        guard let limits = reader.userLimits() else { return false }
        engine.limits[slot] = LimitRecord(limits: limits)
        return true
    }

    private mutating func readState(_ slot: UInt32, _ version: UInt8, _ reader: inout RawReader, take: Bool) -> Bool {
        guard let state = reader.storedMotion(version: version) else { return false }
        // Also if it is passed over: the slot's next subject must be told apart from this one.
        engine.hasSubjectStates = true
        if take, let departing = engine.other.record(slot) {
            departing.pointee.time = max(state.time, state.held?.time ?? -1)
        }
        // A subject that was removed since has no entry in the register.
        guard take, Int(slot) < engine.subjects.count, engine.subjects[slot].pointee.isUsed else { return true }
        let subject = engine.subjects[slot]
        subject.pointee.time = state.time
        subject.pointee.flags = SubjectFlags(rawValue: state.flags)
        if state.isMoving {
            subject.pointee.latitude = state.position.latitude
            subject.pointee.longitude = state.position.longitude
            if subject.pointee.motion == SubjectRecord.noMotion {
                subject.pointee.motion = engine.freeMotions.popLast() ?? engine.motions.append()
            }
            engine.motions[subject.pointee.motion].pointee = MotionRecord(
                accuracy: state.accuracy, heard: state.heard, heardAt: 0, held: state.held)
        } else {
            if subject.pointee.motion != SubjectRecord.noMotion { engine.freeMotions.append(subject.pointee.motion) }
            subject.pointee.motion = SubjectRecord.noMotion
            subject.pointee.latitude = subject.pointee.shownLatitude
            subject.pointee.longitude = subject.pointee.shownLongitude
        }
        return true
    }

    private func isNew(_ slot: UInt32, _ commit: Int64) -> Bool { isNew(page: Int(slot) / Engine.pageSize * 2, commit) }

    /// Whether a journal says more of a page's slots than the page does.
    private func isNew(page name: Int, _ commit: Int64) -> Bool { name >= commitOfPage.count || commit > commitOfPage[name] }

    private mutating func grow(to slot: UInt32) {
        while engine.users.count <= Int(slot) { _ = engine.users.append() }
    }
}
