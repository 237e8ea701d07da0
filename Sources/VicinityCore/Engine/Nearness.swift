// Whether a user may be told of a subject, or say something of it: whoever is inside, and for a while whoever was.

/// How a user stands to a subject. Whoever asks must not be able to tell the refusals apart; an auditor may.
public enum Nearness: Sendable, Equatable, CaseIterable {
    case inside
    /// Was inside, within ``Rules/detailsGrace``.
    case left
    case outside
    case suspended
    case unknownSubject
    case unknownUser

    /// Whether the user may be told.
    public var isNear: Bool {
        switch self {
        case .inside, .left: true
        case .outside, .suspended, .unknownSubject, .unknownUser: false
        }
    }
}

extension Engine {
    /// How a user stands to a subject now.
    ///
    /// Everything is looked up in any case, so that no refusal comes sooner than another.
    ///
    /// - Precondition: the user has taken part in the last swap; see ``catchUp(_:into:)``.
    /// - Complexity: O(open pairs of the user).
    public borrowing func nearness(user: [UInt8], subject: [UInt8], now: ClockReading) -> Nearness {
        let userSlot = findUser(user)
        let subjectSlot = findSubject(subject)
        let isSuspended = suspended[subject] != nil
        let hasLeft = recentLeaves.time(user: hasher.hash(user), subject: hasher.hash(subject)).map {
            now.steady - $0 <= rules.detailsGrace
        }
        var isInside = false
        if let userSlot {
            for pair in users[userSlot].pointee.pairs.elements where pair.subject == subjectSlot { isInside = true }
        }
        switch (userSlot, subjectSlot) {
        case (nil, _): return .unknownUser
        case (_, nil): return .unknownSubject
        case (_?, _?) where isSuspended: return .suspended
        case (_?, _?) where isInside: return .inside
        // A grace of 0 is none.
        case (_?, _?): return hasLeft == true && rules.detailsGrace > 0 ? .left : .outside
        }
    }

    /// Takes note of a leave, for as long as details may be asked for afterwards.
    ///
    /// Who was found to follow a subject has no grace.
    mutating func noteLeave(of user: UInt64, _ subject: UInt64, cause: Cause, steady: Int64) {
        switch cause {
        case .muted: recentLeaves.forget(user: user, subject: subject)
        case .user, .radius, .subject, .removed, .suspended, .expired, .gone: recentLeaves.note(user: user, subject: subject, at: steady)
        }
    }

    /// Takes up leaves that were logged before this process began; block by block, oldest first.
    ///
    /// - Parameter time: when the block was committed, in Unix milliseconds. A clock that was set back meanwhile counts as one that stood still.
    public mutating func noteLeaves(in block: EventBlock, committedAt time: Int64, now: ClockReading) throws {
        let steady = now.steady - max(0, now.wall - time)
        try block.forEachView { event in
            guard case .leave(let cause, _, _) = event.change, let user = hash(event.user), let subject = hash(event.subject) else {
                return
            }
            noteLeave(of: user, subject, cause: cause, steady: steady)
        }
    }

    /// Forgets what a user has left, as if it had been long ago.
    public mutating func forgetLeaves(of user: [UInt8]) { recentLeaves.forget(user: hasher.hash(user)) }

    /// - Returns: `nil` for the id of a user who was forgotten.
    private func hash(_ id: UnsafeRawBufferPointer) -> UInt64? {
        id.baseAddress.flatMap { id.isEmpty ? nil : hasher.hash($0.assumingMemoryBound(to: UInt8.self), count: id.count) }
    }

    // MARK: - Reports

    /// Logs that a user has reported something of a subject, as one moment.
    ///
    /// - Parameters:
    ///   - number: of the report.
    ///   - kind: of the report.
    /// - Precondition: both are there.
    public mutating func report(
        user: [UInt8], subject: [UInt8], number: Int64, kind: String, now: ClockReading, into changes: inout Changes
    ) {
        guard let userSlot = findUser(user), let subjectSlot = findSubject(subject) else {
            preconditionFailure("who reports is near what is reported")
        }
        begin(now)
        flush(into: &changes)
        head += 1
        // The journal that goes with the event knows the head.
        touch(userSlot)
        changes.transitions.append(
            Transition(seq: head, time: now.wall, user: userSlot, subject: subjectSlot, change: .report(number: number, kind: kind)))
    }
}
