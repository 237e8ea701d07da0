/// One of the engines of a ``ShardedEngine``, with what its next step needs and what its last one brought.
///
/// Not `Sendable`: one thread at a time has it, and whoever lends it to another waits until that has done its part.
final class Shard {
    var engine: Engine
    /// This shard's lines of a batch, kept for the storage.
    private var fixes: [Fix] = []
    /// Of the last step, numbered by the engine itself: as if there were no other shard.
    var changes = Changes()
    /// The true seq of each transition of the last step, as far as it is merged.
    var numbers: [Int64] = []
    /// The seq of the last event before the last step: what is above it is a number of the engine's own.
    private(set) var base: Int64 = 0
    /// The seq of the last event of all shards.
    var head: Int64 = 0

    init(_ engine: consuming Engine) {
        self.engine = engine
        self.engine.moments.isKept = true
    }

    /// Begins with a step.
    private func start() {
        settle()
        changes.removeAll()
        changes.tally = Tally()
        base = head
        engine.moments.startStep()
    }

    /// Takes a step that is not a batch.
    func perform(_ body: (inout Engine, inout Changes) -> Void) {
        start()
        body(&engine, &changes)
    }

    /// Takes the lines of a batch that are this shard's: those of its own users, and those of all subjects.
    ///
    /// - Parameter index: this shard's own.
    /// - Complexity: about a nanosecond for a line of somebody else's.
    func apply(_ batch: FixBatch, now: ClockReading, as index: Int, of map: ShardMap) {
        start()
        // Taken out while it is filled, so that nobody asks for each line whether it may be.
        var part = FixBatch(source: batch.source, firstLine: batch.firstLine)
        swap(&part.fixes, &fixes)
        part.fixes.removeAll(keepingCapacity: true)
        for fix in batch.fixes where fix.kind == .subject || map.owner(of: fix.hash) == index { part.fixes.append(fix) }
        part.lineCount = batch.lineCount
        // Shared, not copied; and given back with the part, or else the batch could not be filled anew in place.
        part.ids = batch.ids
        engine.apply(part, now: now, into: &changes)
        swap(&part.fixes, &fixes)
    }

    /// Has the pairs that the last step opened know their enters by the true seq. Nothing may read a pair before.
    ///
    /// - Complexity: O(open pairs of the user) for each enter, and nothing if the engine's own numbers are true.
    func settle() {
        // Numbers ascend, and those of the engine have no holes: if the last one is right, all are.
        if let last = numbers.last, last != engine.head {
            // The newest first, since a true number is never below the engine's own: none is then taken for that of another pair.
            for place in numbers.indices.reversed() {
                let transition = changes.transitions[place]
                guard case .enter = transition.change else { continue }
                engine.renumber(transition.seq, of: transition.user, as: numbers[place])
            }
        }
        numbers.removeAll(keepingCapacity: true)
        engine.head = head
    }
}

extension Engine {
    /// Has an open pair know its enter by another seq; nothing if it has left again.
    fileprivate func renumber(_ seq: Int64, of user: UInt32, as number: Int64) {
        let pairs = users[user].pointee.pairs.elements
        // The newest stand last.
        guard let place = pairs.lastIndex(where: { $0.encounter == seq }) else { return }
        pairs[place].encounter = number
    }

    /// Forgets what the next journal would say of pairs and limits, since a shard writes none. The lists of who was touched name nobody twice and stay.
    mutating func dropJournal() {
        journalOperations.removeAll(keepingCapacity: true)
        operationCount = 0
        lastOpened = (0, 0)
        briefUsers.removeAll(keepingCapacity: true)
        limitChanges.removeAll(keepingCapacity: true)
        limitChangeCount = 0
    }
}
