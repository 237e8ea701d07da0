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
        let leave = leaves.last { $0.user == userSlot && $0.subject == subjectSlot }
        let noted = recentLeaves.time(RecentLeaves.Pair(user: hasher.hash(user), subject: hasher.hash(subject)))
        let hasLeft = (leave.map { $0.hasGrace ? $0.time : nil } ?? noted).map { now.steady - $0 <= rules.detailsGrace }
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

    /// Takes note of the leaves since this was last done, for as long as details may be asked for afterwards.
    ///
    /// Not at each leave, since its place in the table is a line of memory that nobody has near: of many the lines are asked for together.
    mutating func noteLeaves() {
        guard !leaves.isEmpty else { return }
        var start = 0
        while start < leaves.count {
            let part = start..<min(start + Self.leavesAtOnce, leaves.count)
            withUnsafeTemporaryAllocation(of: RecentLeaves.Pair.self, capacity: part.count) { pairs in
                for (place, leave) in leaves[part].enumerated() {
                    let subject = record(named: leave.subject).pointee.id
                    let pair = RecentLeaves.Pair(user: hash(users[leave.user].pointee.id), subject: hash(subject))
                    recentLeaves.prefetch(pair)
                    pairs.initializeElement(at: place, to: pair)
                }
                for (place, leave) in leaves[part].enumerated() {
                    noteLeave(of: pairs[place], hasGrace: leave.hasGrace, steady: leave.time)
                }
            }
            start = part.upperBound
        }
        leaves.removeAllForReuse()
    }

    private static var leavesAtOnce: Int { 64 }

    private mutating func noteLeave(of pair: RecentLeaves.Pair, hasGrace: Bool, steady: Int64) {
        if hasGrace { recentLeaves.note(pair, at: steady) } else { recentLeaves.forget(pair) }
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
            noteLeave(of: RecentLeaves.Pair(user: user, subject: subject), hasGrace: cause.leavesGrace, steady: steady)
        }
    }

    /// Forgets what a user has left, as if it had been long ago.
    public mutating func forgetLeaves(of user: [UInt8]) {
        noteLeaves()
        recentLeaves.forget(user: hasher.hash(user))
    }

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
        if !reportKinds.contains(kind) { reportKinds.append(kind) }
        let index = reportKinds.firstIndex(of: kind) ?? 0
        changes.transitions.append(
            Transition(seq: head, time: now.wall, user: userSlot, subject: subjectSlot, change: .report(number: number, kind: index)))
    }
}
