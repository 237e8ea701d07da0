// Who is where, as cells and nothing else: what the map is made of. It is taken in slices between other work, since a pass over a million users is
// too long for one piece; what the cells may tell is worked out elsewhere (`MapRelease`), off the engine's thread.
//
// Users and subjects are gone through by their slots. Who is there from the beginning of the pass to its end is counted exactly once, in a cell where
// they were meanwhile. Who comes or goes while it lasts is counted once or not at all; only who goes and comes back within it, into a slot that is
// still to come, is counted twice.

/// In which cells users and active subjects are.
public struct Census: Sendable {
    /// By user with a position, the cell, in no order that means anything; those beyond 85.0511° are left out.
    private(set) var users: [MapCode] = []
    /// By active subject, the cell in which it is shown, and its kind, an index into ``kinds``; ``SubjectRecord/noKind`` for none.
    private(set) var subjects: [(place: MapCode, kind: UInt32)] = []
    private(set) var kinds: [[UInt8]] = []
    /// Slots below these have been looked at.
    private var nextUser: UInt32 = 0
    private var nextSubject: UInt32 = 0
    /// Whether everybody has been looked at.
    public private(set) var isComplete = false

    public init() {}

    /// Users that were counted.
    public var userCount: Int { users.count }
    /// Subjects that were counted.
    public var subjectCount: Int { subjects.count }

    /// Counts the users of some slots.
    ///
    /// - Returns: how many slots of `limit` are left.
    fileprivate mutating func takeUsers(_ table: borrowing Segments<UserRecord>, expecting count: Int, limit: Int) -> Int {
        if nextUser == 0 { users.reserveCapacity(count) }
        let end = min(table.count, Int(nextUser) + limit)
        guard end > Int(nextUser) else { return limit }
        let first = nextUser
        for slot in first..<UInt32(end) {
            let user = table[slot]
            guard user.pointee.isUsed, !user.pointee.isSilent, let place = MapCode(of: user.pointee.position) else { continue }
            users.append(place)
        }
        nextUser = UInt32(end)
        return limit - (end - Int(first))
    }

    fileprivate mutating func takeSubjects(_ table: borrowing Segments<SubjectRecord>, expecting count: Int, limit: Int) {
        if nextSubject == 0 { subjects.reserveCapacity(count) }
        let end = min(table.count, Int(nextSubject) + limit)
        guard end > Int(nextSubject) else { return }
        for slot in nextSubject..<UInt32(end) {
            let subject = table[slot]
            guard subject.pointee.isUsed, subject.pointee.isActive, let place = MapCode(of: subject.pointee.position) else { continue }
            subjects.append((place, subject.pointee.kind))
        }
        nextSubject = UInt32(end)
    }

    fileprivate mutating func close(users: Int, subjects: Int, kinds: [[UInt8]]) {
        guard Int(nextUser) >= users, Int(nextSubject) >= subjects else { return }
        self.kinds = kinds
        isComplete = true
    }
}

extension Engine {
    /// Goes on with a census.
    ///
    /// Users count who have a position, so that neither silent ones do nor those who are gone. Subjects count as events treat them: not while they are
    /// suspended, silent, or outside of their validity; and where they are shown, which is a function of their cell of `precision` and nothing else.
    ///
    /// - Parameters:
    ///   - steps: so many slots at most, above 0.
    ///   - census: is complete after the last.
    /// - Complexity: O(steps), about 30 ns each; it appends 4 bytes for a user, 8 for a subject, to what is reserved at the beginning.
    public mutating func count(_ steps: Int, into census: inout Census) {
        let left = census.takeUsers(users, expecting: userCount, limit: steps)
        if left > 0 { census.takeSubjects(subjects, expecting: subjectCount, limit: left) }
        census.close(users: users.count, subjects: subjects.count, kinds: kinds)
    }
}
