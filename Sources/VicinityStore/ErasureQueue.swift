// The erasures that were begun and not ended, as a value that both stores keep.

import VicinityCore

/// Erasures in the order of their beginning; those of the round come first.
struct ErasureQueue: Equatable {
    var entries: [Erasure] = []
    /// How many of ``entries`` are in the round; 0 if none is under way.
    var round = 0
    /// Events before this seq name nobody of the round any more.
    var position: Int64 = 1

    /// What is to be done next.
    enum Stage: Equatable {
        case nothing
        case beginRound
        /// To rewrite blocks, up to the one that holds this event.
        case rewrite(through: Int64)
        /// To wait until journals before this commit are not needed, and to remove them.
        case dropJournals(before: Int64)
        /// To forget the ids themselves.
        case forgetIDs
        /// To rid the file's bytes of what was deleted.
        case cleanFile
    }

    var underWay: ArraySlice<Erasure> { entries.prefix(round) }

    /// Users of the round who may still be named.
    var users: [ForgottenUser] { underWay.compactMap { entry in entry.user.map { ForgottenUser(id: $0, through: entry.through) } } }

    /// - Parameter oldestJournal: the oldest commit whose journal is kept.
    func stage(oldestJournal: Int64) -> Stage {
        guard round > 0 else { return entries.isEmpty ? .nothing : .beginRound }
        let through = underWay.reduce(0) { max($0, $1.user == nil ? 0 : $1.through) }
        if position <= through { return .rewrite(through: through) }
        let commit = underWay.reduce(0) { max($0, $1.commit) }
        if oldestJournal < commit { return .dropJournals(before: commit) }
        return underWay.contains { $0.user != nil } ? .forgetIDs : .cleanFile
    }

    mutating func take(_ change: ErasureChange) {
        switch change {
        case .begin(let erasure):
            precondition(entries.last.map { $0.number < erasure.number } ?? true, "erasures have ascending numbers")
            entries.append(erasure)
        case .end(let number):
            guard let place = entries.firstIndex(where: { $0.number == number }) else { return }
            entries.remove(at: place)
            if place < round { round -= 1 }
        }
    }

    mutating func beginRound() {
        round = entries.count
        position = 1
    }

    /// Notes that the users of the round, in order, were taken out of so many events before a seq.
    mutating func rewrote(before seq: Int64, _ events: [Int64]) {
        position = seq
        var next = 0
        for place in 0..<round where entries[place].user != nil {
            entries[place].events += events[next]
            next += 1
        }
    }

    mutating func forgetIDs() { for place in 0..<round { entries[place].user = nil } }
}

/// What a step of rewriting may do at most: it lies between two commits, and shall be no longer than one. The bounds are passed by one block.
struct Rewriting {
    /// Bytes that are read, which takes about a millisecond a MiB.
    private static let readPerStep = 4 << 20
    private static let writtenPerStep = 1 << 20

    let users: [ForgottenUser]
    let through: Int64
    /// In how many events each of the users stood.
    private(set) var events: [Int64]
    /// Events before it have been looked at.
    private(set) var position: Int64
    /// What is to be stored in place of blocks with the same first seqs.
    private(set) var blocks: [EventBlock] = []
    private var read = 0
    private var written = 0

    init(_ queue: ErasureQueue, through: Int64) {
        users = queue.users
        self.through = through
        events = users.map { _ in 0 }
        position = queue.position
    }

    /// Whether the step has come to its bound, or to its end.
    var isFull: Bool { read >= Self.readPerStep || written >= Self.writtenPerStep || position > through }

    /// Looks at the next block.
    ///
    /// - Throws: ``EventBlock/Damaged``; what was decided before stays.
    mutating func take(_ block: EventBlock) throws {
        if let rewritten = try block.forgetting(users) {
            blocks.append(rewritten.block)
            written += rewritten.block.bytes.count
            for (place, count) in rewritten.events.enumerated() { events[place] += count }
        }
        read += block.bytes.count
        position = block.lastSeq + 1
    }

    /// There is no further block.
    mutating func finish() { position = max(position, through + 1) }
}
