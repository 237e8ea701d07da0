/// Puts what the shards have made of one step into the contract's order, and numbers it.
///
/// Each shard's moments are in order already, and so is each moment in itself. So this is a merge of sorted lists, and where a moment is one
/// shard's alone, which every moment of a user's line is, a copy.
///
/// - Complexity: O(shards) for each moment and, in moments of several shards, for each transition.
struct Merge {
    private let shards: [Shard]
    private let map: ShardMap
    /// How many moments of each shard are merged.
    private var passed: [Int]
    /// The seq of the last event.
    private var head: Int64

    init(_ shards: [Shard], _ map: ShardMap, head: Int64) {
        self.shards = shards
        self.map = map
        self.head = head
        passed = Array(repeating: 0, count: shards.count)
    }

    /// Appends all transitions of the step.
    ///
    /// - Returns: the seq of the last event.
    mutating func appendTransitions(to changes: inout Changes) -> Int64 {
        var sharing: [Part] = []
        while let place = nextPlace() {
            sharing.removeAll(keepingCapacity: true)
            for index in shards.indices {
                while let part = part(of: index), part.place == place {
                    passed[index] += 1
                    if !part.left.isEmpty { sharing.append(part) }
                }
            }
            append(&sharing, to: &changes)
        }
        return head
    }

    /// What a shard has of a moment.
    private struct Part {
        var shard: Int
        var place: MomentPlace
        /// Transitions of the shard that are not merged yet.
        var left: Range<Int>
    }

    private func part(of shard: Int) -> Part? {
        let moments = shards[shard].engine.moments.moments
        let next = passed[shard]
        guard next < moments.count else { return nil }
        let end = next + 1 < moments.count ? moments[next + 1].first : shards[shard].changes.transitions.count
        return Part(shard: shard, place: moments[next].place, left: moments[next].first..<end)
    }

    private func nextPlace() -> MomentPlace? {
        var next: MomentPlace?
        for index in shards.indices {
            guard let place = part(of: index)?.place else { continue }
            next = next.map { min($0, place) } ?? place
        }
        return next
    }

    private mutating func append(_ sharing: inout [Part], to changes: inout Changes) {
        // Several moments of one user's line may have one place: they follow one another as the shard has them.
        while let first = sharing.first, sharing.contains(where: { $0.shard != first.shard }) {
            var least = 0
            for index in sharing.indices.dropFirst() where precedes(sharing[index], sharing[least]) { least = index }
            append(sharing[least].left.lowerBound, of: sharing[least].shard, to: &changes)
            sharing[least].left.removeFirst()
            if sharing[least].left.isEmpty { sharing.remove(at: least) }
        }
        for part in sharing {
            for place in part.left { append(place, of: part.shard, to: &changes) }
        }
    }

    /// Whether the next transition of one shard comes before that of another, in the same moment.
    private func precedes(_ one: Part, _ other: Part) -> Bool {
        let mine = shards[one.shard].changes.transitions[one.left.lowerBound]
        let others = shards[other.shard].changes.transitions[other.left.lowerBound]
        if mine.change.isEnter != others.change.isEnter { return others.change.isEnter }
        if mine.subject != others.subject {
            // A subject has one slot in all shards.
            let engine = shards[one.shard]
            return engine.id(ofSubject: mine.subject).precedes(engine.id(ofSubject: others.subject))
        }
        return shards[one.shard].id(ofUser: mine.user).precedes(shards[other.shard].id(ofUser: others.user))
    }

    /// Numbers one transition.
    private mutating func append(_ place: Int, of index: Int, to changes: inout Changes) {
        let shard = shards[index]
        let transition = shard.changes.transitions[place]
        head += 1
        shard.numbers.append(head)
        changes.transitions.append(
            Transition(
                seq: head, time: transition.time, user: map.slot(transition.user, of: index), subject: transition.subject,
                change: shard.numbered(transition.change)))
    }
}

extension Shard {
    fileprivate func id(ofSubject slot: UInt32) -> ShortID { engine.record(named: slot).pointee.id }
    fileprivate func id(ofUser slot: UInt32) -> ShortID { engine.users[slot].pointee.id }

    /// What a leave says of its enter, by the true seq if that is of the same step.
    fileprivate func numbered(_ change: Event.Change) -> Event.Change {
        guard case .leave(let cause, let encounter, let lasted) = change, encounter > base else { return change }
        return .leave(cause, encounter: numbers[Int(encounter - base) - 1], lasted: lasted)
    }
}

extension Event.Change {
    fileprivate var isEnter: Bool {
        switch self {
        case .enter: true
        case .leave, .report, .following: false
        }
    }
}
