/// What an operator may see of a user.
public struct UserView: Sendable, Equatable {
    /// The `ts` of the last accepted fix, in Unix milliseconds; of a silent user the last that counts.
    public let time: Int64
    /// Metres.
    public let radius: Double
    /// Ids of the subjects whose pair with the user is inside, in order.
    public let inside: [[UInt8]]
    /// `nil` of a silent user.
    public let position: Coordinate?
}

/// What an operator may see of a subject beside what was put.
public struct SubjectView: Sendable, Equatable {
    public let position: Coordinate
    /// Whether its own fixes have moved it since it was last put elsewhere.
    public let isMoving: Bool
    public let isSuspended: Bool
}

/// A subject whose pair with a user is inside, as the user may see it.
public struct NearbySubject: Sendable, Equatable {
    public let id: [UInt8]
    public let kind: [UInt8]?
    /// What may be said of the distance now.
    public let disclosed: Disclosed
}

extension Engine {
    /// The subjects whose pair with a user is inside, by id; none for an unknown user.
    ///
    /// - Complexity: O(n log n) in the open pairs of the user.
    public func nearby(_ id: [UInt8]) -> [NearbySubject] {
        guard let slot = findUser(id) else { return [] }
        let all = users[slot].pointee.pairs.elements.map { pair in
            let subject = record(named: pair.subject).pointee
            return NearbySubject(
                id: subject.id.bytes, kind: subject.kind == SubjectRecord.noKind ? nil : kinds[Int(subject.kind)],
                disclosed: disclosed(slot, pair.subject))
        }
        return all.sorted { $0.id.lexicographicallyPrecedes($1.id) }
    }

    /// The state of a user, or `nil` if there is none of this id.
    public func user(_ id: [UInt8]) -> UserView? {
        guard let slot = findUser(id) else { return nil }
        let user = users[slot].pointee
        let inside = user.pairs.elements.map { record(named: $0.subject).pointee.id.bytes }
        return UserView(
            time: user.time, radius: user.radius, inside: inside.sorted { $0.lexicographicallyPrecedes($1) },
            position: user.isSilent ? nil : user.position)
    }

    /// What became of a subject since it was put; `nil` if the register does not have it.
    public func subject(_ id: [UInt8]) -> SubjectView? {
        guard let slot = findSubject(id) else { return nil }
        let subject = subjects[slot].pointee
        return SubjectView(position: subject.position, isMoving: subject.isMoving, isSuspended: subject.flags.contains(.suspended))
    }
}
