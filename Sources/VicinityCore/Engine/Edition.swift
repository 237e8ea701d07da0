// A new edition of the register comes to be beside the live one, piece by piece, and nobody sees it.
//
// The staged edition has tables of its own, with the same slots: an id that is in both has one slot, so that the pairs of its users need no
// change when the editions are swapped. The index of ids is common to both; whose record at a slot has the id tells which of them it is in.
// What fixes, silence and validity make of a live subject meanwhile is copied, a few at a time (``Engine/prepare(_:now:)``). So the swap
// itself is an exchange of tables: `Swap.swift`.

/// A whole register beside the live one: the one that is to come, or the one that was.
struct Edition: ~Copyable {
    var subjects = Segments<SubjectRecord>(blank: SubjectRecord())
    var grid = SubjectGrid()
    var validities: [UInt32: Validity] = [:]
    var count = 0
    /// The system clock when validities were last looked at.
    var wall = Int64.min
    /// Slots whose live record has changed since it was copied.
    var stale: [UInt32] = []
    /// Slots of both editions where the subject is at the same place, or active in neither.
    var same = SlotSet()
    /// Slots of both editions where what is stored of the subject's state is not the same.
    var restated: Set<UInt32> = []
    /// Slots that belong to nobody any more once the edition is gone.
    var vacated: [UInt32] = []

    init() {}

    deinit {
        for slot in 0..<UInt32(subjects.count) { subjects[slot].pointee.id.free() }
        subjects.free()
    }

    /// The record of a subject of this edition.
    @inline(__always)
    func record(_ slot: UInt32) -> UnsafeMutablePointer<SubjectRecord>? {
        guard Int(slot) < subjects.count, subjects[slot].pointee.isUsed else { return nil }
        return subjects[slot]
    }

    /// Where a subject of this edition is, if it is active.
    func activePosition(_ slot: UInt32) -> Coordinate? {
        guard let subject = record(slot), subject.pointee.isActive else { return nil }
        return subject.pointee.position
    }

    /// Makes slots up to a number, blank ones.
    mutating func grow(to count: Int) { while subjects.count < count { _ = subjects.append() } }

    /// Takes a subject out of every table, without a word to anybody.
    mutating func forget(_ slot: UInt32) {
        guard let subject = record(slot) else { return }
        if let old = activePosition(slot) { grid.remove(old, slot: slot) }
        validities[slot] = nil
        restated.remove(slot)
        same.remove(slot)
        subject.pointee.id.free()
        subject.pointee = SubjectRecord()
        count -= 1
    }
}

/// What the edition beside the live one is.
enum Beside {
    case nothing
    /// It is to come.
    case staged
    /// It was the register before the last swap, and users may still be inside with subjects that only it has.
    case departing
    /// It will never come; its slots are given back.
    case dropped
}

extension Engine {
    /// Whether an edition can be begun: there is only one at a time.
    public var canStage: Bool { beside == .nothing }

    /// Begins an edition without subjects.
    ///
    /// - Precondition: ``canStage``
    public mutating func beginEdition() {
        precondition(canStage, "an edition is staged, or not settled")
        beside = .staged
    }

    /// Puts subjects into the staged edition; nothing else changes.
    ///
    /// - Parameter placements: no id twice.
    /// - Returns: the slot of each, in the same order.
    /// - Complexity: O(m log m) for m subjects, and one pass over each row of the grid that gets some.
    /// - Precondition: an edition is staged.
    public mutating func stage(_ placements: [SubjectPlacement], now: ClockReading) -> [UInt32] {
        precondition(beside == .staged, "no edition is staged")
        var fresh: [GridEntry] = []
        var slots: [UInt32] = []
        slots.reserveCapacity(placements.count)
        for placement in placements {
            let slot = findStaged(placement.id) ?? findSubject(placement.id) ?? vacantSlot(for: placement.id)
            slots.append(slot)
            let old = other.activePosition(slot)
            fillStaged(slot, placement)
            copyState(slot, wall: now.wall)
            let new = other.activePosition(slot)
            guard old != new else { continue }
            if let old { other.grid.remove(old, slot: slot) }
            if let new { fresh.append(GridEntry(latitude: new.latitude, longitude: new.longitude, slot: slot)) }
        }
        other.grid.insert(&fresh)
        return slots
    }

    /// Removes subjects from the staged edition, if there is one; ids that are not in it are passed over.
    ///
    /// - Returns: the slots that they had there.
    public mutating func unstage(_ ids: [[UInt8]]) -> [UInt32] {
        guard beside == .staged else { return [] }
        var slots: [UInt32] = []
        for id in ids {
            guard let slot = findStaged(id) else { continue }
            other.forget(slot)
            slots.append(slot)
            guard !subjects[slot].pointee.isUsed else { continue }
            subjectIndex.remove(hasher.hash(id), slot: slot)
            freeSubjects.append(slot)
        }
        return slots
    }

    /// Gives the staged edition up. It is gone once ``settle(_:into:)`` says so.
    ///
    /// - Precondition: an edition is staged.
    public mutating func dropEdition() {
        precondition(beside == .staged, "no edition is staged")
        beside = .dropped
        retired = 0
    }

    /// Keeps the staged edition up with what became of live subjects.
    ///
    /// - Parameter limit: how many are copied at most; 64 times as many slots are made.
    /// - Complexity: O(1) if nothing has changed.
    public mutating func prepare(_ limit: Int, now: ClockReading) {
        guard beside == .staged else { return }
        noteClock(now.wall)
        other.grow(to: min(subjects.count, other.subjects.count + limit * 64))
        for _ in 0..<limit {
            guard let slot = other.stale.popLast() else { return }
            renew(slot, wall: now.wall)
        }
    }

    /// A system clock that was set back brings the instants of validities once more.
    ///
    /// - Complexity: O(staged subjects with a validity) when that happens.
    private mutating func noteClock(_ wall: Int64) {
        defer { other.wall = wall }
        guard wall < other.wall else { return }
        for (slot, validity) in other.validities.sorted(by: { $0.key < $1.key }) {
            noteStale(slot)
            alarm(slot, validity)
        }
    }

    /// Whether there is something for ``prepare(_:now:)`` to do.
    public var isBehind: Bool { beside == .staged && (!other.stale.isEmpty || other.subjects.count < subjects.count) }

    // MARK: - The table

    func findStaged(_ id: [UInt8]) -> UInt32? { beside == .staged ? findOther(id) : nil }

    /// The slot that an id has in the edition beside the live one.
    func findOther(_ id: [UInt8]) -> UInt32? {
        id.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let words = ShortID.words(base, count: buffer.count)
            return subjectIndex.find(hasher.hash(base, count: buffer.count)) { slot in
                other.record(slot)?.pointee.id.equals(base, count: buffer.count, words: words) ?? false
            }
        }
    }

    /// A slot for an id that has none.
    mutating func vacantSlot(for id: [UInt8]) -> UInt32 {
        let slot = freeSubjects.popLast() ?? subjects.append()
        subjectIndex.insert(hasher.hash(id), slot: slot)
        return slot
    }

    private mutating func fillStaged(_ slot: UInt32, _ placement: SubjectPlacement) {
        other.grow(to: Int(slot) + 1)
        if other.record(slot) == nil { other.count += 1 }
        let subject = other.subjects[slot]
        let (flags, time) = (subject.pointee.flags.intersection(.stale), subject.pointee.time)
        let shown = shownPlace(placement, precision: stagedPrecision(of: placement, in: slot))
        subject.pointee.id.free()
        subject.pointee = SubjectRecord(placement, kind: placement.kind.map { intern($0) } ?? SubjectRecord.noKind, shown: shown)
        subject.pointee.flags = flags
        subject.pointee.time = time
        let validity = Validity(placement)
        if other.validities[slot] != validity {
            other.validities[slot] = validity
            alarm(slot, validity)
        }
    }

    /// Notes that what a staged subject is to be must be worked out anew: its live record has changed, or its validity has begun or ended.
    mutating func noteStale(_ slot: UInt32) {
        guard let subject = other.record(slot), !subject.pointee.flags.contains(.stale) else { return }
        subject.pointee.flags.insert(.stale)
        other.stale.append(slot)
    }

    private mutating func renew(_ slot: UInt32, wall: Int64) {
        guard let subject = other.record(slot) else { return }
        subject.pointee.flags.remove(.stale)
        let old = other.activePosition(slot)
        copyState(slot, wall: wall)
        let new = other.activePosition(slot)
        guard old != new else { return }
        if let old { other.grid.remove(old, slot: slot) }
        if let new { other.grid.insert(new, slot: slot) }
    }

    /// Makes the state of a staged subject what a put at this moment would make it.
    private mutating func copyState(_ slot: UInt32, wall: Int64) {
        guard let staged = other.record(slot) else { return }
        let live = subjects[slot]
        let validity = other.validities[slot]
        var flags = staged.pointee.flags.intersection(.stale).union(live.pointee.flags.intersection(.watched))
        flags.set(.early, validity.map { wall < $0.from } ?? false)
        flags.set(.over, validity.map { wall >= $0.until } ?? false)
        flags.set(.suspended, isSuspended(staged.pointee.id))
        staged.pointee.time = live.pointee.isUsed ? lastTime(live.pointee) : rememberedTime(staged.pointee.id.bytes) ?? -1
        staged.pointee.latitude = staged.pointee.shownLatitude
        staged.pointee.longitude = staged.pointee.shownLongitude
        staged.pointee.motion = SubjectRecord.noMotion
        if live.pointee.isUsed {
            if validities[slot] == validity {
                flags = flags.subtracting([.early, .over]).union(live.pointee.flags.intersection([.early, .over]))
            }
            if live.pointee.putPosition == staged.pointee.putPosition {
                staged.pointee.time = live.pointee.time
                if live.pointee.isMoving {
                    let position = reblurred(live.pointee.position, of: live, as: staged)
                    staged.pointee.latitude = position.latitude
                    staged.pointee.longitude = position.longitude
                }
                staged.pointee.motion = live.pointee.motion
                flags.formUnion(live.pointee.flags.intersection([.moving, .silent]))
            }
        }
        staged.pointee.flags = flags
        noteDifference(slot)
    }

    /// Notes what the swap will change of a subject.
    private mutating func noteDifference(_ slot: UInt32) {
        guard let staged = other.record(slot) else { return }
        let live = subjects[slot]
        let isSame = live.pointee.isUsed && activePosition(slot) == other.activePosition(slot)
        if isSame { other.same.insert(slot) } else { other.same.remove(slot) }
        guard live.pointee.isUsed, live.pointee.hasStoredState || staged.pointee.hasStoredState else {
            // Journals may still tell of the state of whoever had the slot before.
            if !live.pointee.isUsed, hasSubjectStates || staged.pointee.hasStoredState { touchSubject(slot) }
            other.restated.remove(slot)
            return
        }
        let hasOtherFlags = live.pointee.flags.intersection(.stored) != staged.pointee.flags.intersection(.stored)
        let isBlurredAnew = staged.pointee.isMoving && live.pointee.precision != staged.pointee.precision
        if hasOtherFlags || isBlurredAnew || live.pointee.time != staged.pointee.time {
            other.restated.insert(slot)
        } else {
            other.restated.remove(slot)
        }
    }

    /// The `ts` that an older fix of a subject must not undercut, once it moves no more.
    func lastTime(_ subject: SubjectRecord) -> Int64 {
        guard subject.motion != SubjectRecord.noMotion, let held = motions[subject.motion].pointee.held else { return subject.time }
        return max(subject.time, held.time)
    }

    /// The `ts` that an older fix of a subject must not undercut, though the register does not have it at the moment.
    func rememberedTime(_ id: [UInt8]) -> Int64? {
        if beside == .departing, let slot = findOther(id), let old = other.record(slot), old.pointee.time >= 0 {
            return lastTime(old.pointee)
        }
        // What is staged is remembered until it comes.
        let staged = findStaged(id).flatMap { other.record($0)?.pointee.time }.flatMap { $0 >= 0 ? $0 : nil }
        let signedOff = signOffs.isEmpty ? nil : signOffs[subjectHash(id)]?.time
        return [staged, signedOff].compactMap(\.self).max()
    }
}
