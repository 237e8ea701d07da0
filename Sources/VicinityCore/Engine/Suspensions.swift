// A subject that is suspended is inactive, whatever is put, until nobody suspends it any more. A suspension belongs to the id: it outlives a put,
// a swap of the register and a removal, and holds for the id though the register does not have it.
//
// Every record of a suspended id says so by a flag, in the live register as in a staged edition. The flag is never stored: recovery makes it from
// what is known of the ids, so that no journal or page, however old, can lift a suspension.

/// Who suspends a subject; each has a say of its own.
public struct SuspensionSources: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let `operator` = SuspensionSources(rawValue: 1)
    /// Reports that are not resolved.
    public static let dispute = SuspensionSources(rawValue: 2)
}

extension Engine {
    /// Who suspends a subject; nobody if it is empty.
    public func suspensions(of id: [UInt8]) -> SuspensionSources { suspended[id] ?? [] }

    /// Suspends a subject, as one moment: who is inside with it leaves.
    ///
    /// - Returns: whether these sources had not suspended it before.
    /// - Complexity: O(users near the subject).
    @discardableResult
    public mutating func suspend(_ id: [UInt8], by sources: SuspensionSources, now: ClockReading, into changes: inout Changes) -> Bool {
        guard !sources.isSubset(of: suspensions(of: id)) else { return false }
        suspended[id, default: []].formUnion(sources)
        restate(id, now: now, into: &changes)
        return true
    }

    /// Ends what these sources have suspended, as one moment. Others may still suspend the subject.
    ///
    /// - Returns: whether any of them had suspended it.
    /// - Complexity: O(users near the subject).
    @discardableResult
    public mutating func resume(_ id: [UInt8], by sources: SuspensionSources, now: ClockReading, into changes: inout Changes) -> Bool {
        let old = suspensions(of: id)
        guard !old.isDisjoint(with: sources) else { return false }
        let left = old.subtracting(sources)
        suspended[id] = left.isEmpty ? nil : left
        restate(id, now: now, into: &changes)
        return true
    }

    /// Lets the records of an id say whether it is suspended, and asks the pairs that this concerns.
    private mutating func restate(_ id: [UInt8], now: ClockReading, into changes: inout Changes) {
        begin(now)
        let isSuspended = suspended[id] != nil
        if let slot = findStaged(id) { noteStale(slot) }
        guard let slot = findSubject(id), subjects[slot].pointee.flags.contains(.suspended) != isSuspended else { return }
        settle(subject: slot)
        let old = activePosition(slot)
        subjects[slot].pointee.flags.set(.suspended, isSuspended)
        let new = activePosition(slot)
        if old != new { relocate(slot, from: old, to: new, cause: isSuspended ? .suspended : .subject, time: now.wall) }
        emit(into: &changes)
    }

    /// Whether a subject is suspended, wherever it is kept.
    func isSuspended(_ id: ShortID) -> Bool { !suspended.isEmpty && suspended[id.bytes] != nil }
}
