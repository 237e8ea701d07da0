/// Puts what the shards have made of one step into the contract's order, and numbers it.
///
/// Each shard's moments are in order already, and so is each moment in itself. So this is a merge of sorted lists, and where a moment is one
/// shard's alone, which every moment of a user's line is, a copy.
///
/// - Complexity: O(shards) for each moment and, in moments of several shards, for each transition.
struct Merge {
    private let shards: [Shard]
    private let map: ShardMap
    private var sources: [Source]
    /// The seq of the last event.
    private var head: Int64

    /// What a shard has made of the step, and how far it is merged.
    private struct Source {
        let moments: [MomentLog.Moment]
        let transitions: [Transition]
        /// What is above it is a number of the shard's own.
        let base: Int64
        /// The true seq of each transition so far.
        var numbers: [Int64]
        var passed = 0
        /// Of the next moment; `nil` if there is none.
        var place: MomentPlace?

        init(_ shard: Shard) {
            moments = shard.engine.moments.moments
            transitions = shard.changes.transitions
            base = shard.base
            numbers = shard.numbers
            place = moments.first?.place
        }

        /// Goes on to the next moment.
        ///
        /// - Returns: the transitions of this one, which may be none.
        mutating func take() -> Range<Int> {
            let first = moments[passed].first
            passed += 1
            place = passed < moments.count ? moments[passed].place : nil
            return first..<(passed < moments.count ? moments[passed].first : transitions.count)
        }

        /// What a leave says of its enter, by the true seq if that is of the same step.
        func numbered(_ change: Transition.Change) -> Transition.Change {
            guard case .leave(let cause, let encounter, let lasted) = change, encounter > base else { return change }
            return .leave(cause, encounter: numbers[Int(encounter - base) - 1], lasted: lasted)
        }
    }

    /// What a shard has of a moment that is not merged yet.
    private struct Part {
        var shard: Int
        var left: Range<Int>
    }

    init(_ shards: [Shard], _ map: ShardMap, head: Int64) {
        self.shards = shards
        self.map = map
        self.head = head
        sources = shards.map { Source($0) }
    }

    /// Appends all transitions of the step, and lets each shard know by which numbers its own go.
    ///
    /// - Returns: the seq of the last event.
    mutating func appendTransitions(to changes: inout Changes) -> Int64 {
        while let (least, isShared) = next() {
            if isShared {
                appendShared(sources[least].place, to: &changes)
            } else {
                for place in sources[least].take() { append(place, of: least, to: &changes) }
            }
        }
        for index in shards.indices { shards[index].numbers = sources[index].numbers }
        return head
    }

    /// The shard that has the next moment, or the first of those that share it.
    private func next() -> (shard: Int, isShared: Bool)? {
        var next: (shard: Int, place: MomentPlace)?
        var isShared = false
        for index in sources.indices {
            guard let place = sources[index].place else { continue }
            if let least = next?.place, least <= place {
                isShared = isShared || least == place
            } else {
                next = (index, place)
                isShared = false
            }
        }
        return next.map { ($0.shard, isShared) }
    }

    private mutating func appendShared(_ place: MomentPlace?, to changes: inout Changes) {
        var parts: [Part] = []
        for index in sources.indices where sources[index].place == place {
            let left = sources[index].take()
            if !left.isEmpty { parts.append(Part(shard: index, left: left)) }
        }
        while !parts.isEmpty {
            var least = 0
            for index in parts.indices.dropFirst() where precedes(parts[index], parts[least]) { least = index }
            append(parts[least].left.lowerBound, of: parts[least].shard, to: &changes)
            parts[least].left.removeFirst()
            if parts[least].left.isEmpty { parts.remove(at: least) }
        }
    }

    /// Whether the next transition of one shard comes before that of another, in the same moment.
    private func precedes(_ one: Part, _ other: Part) -> Bool {
        let mine = sources[one.shard].transitions[one.left.lowerBound]
        let others = sources[other.shard].transitions[other.left.lowerBound]
        if mine.change.isEnter != others.change.isEnter { return others.change.isEnter }
        // A subject has one slot in all shards.
        if mine.subject != others.subject {
            return shards[one.shard].id(ofSubject: mine.subject).precedes(shards[one.shard].id(ofSubject: others.subject))
        }

        return shards[one.shard].id(ofUser: mine.user).precedes(shards[other.shard].id(ofUser: others.user))
    }

    /// Numbers one transition.
    private mutating func append(_ place: Int, of index: Int, to changes: inout Changes) {
        let transition = sources[index].transitions[place]
        head += 1
        sources[index].numbers.append(head)
        changes.transitions.append(
            Transition(
                seq: head, time: transition.time, user: map.slot(transition.user, of: index), subject: transition.subject,
                change: sources[index].numbered(transition.change)))
    }
}

extension Shard {
    fileprivate func id(ofSubject slot: UInt32) -> ShortID { engine.record(named: slot).pointee.id }
    fileprivate func id(ofUser slot: UInt32) -> ShortID { engine.users[slot].pointee.id }
}

extension Transition.Change {
    fileprivate var isEnter: Bool {
        switch self {
        case .enter: true
        case .leave, .report, .following: false
        }
    }
}
