import VicinityCore
package import VicinityStore

// New editions of the register: staged piece by piece, swapped in at once, and worked out in slices between other work.

/// What operators do with an edition of the register; there is one at a time.
package enum EditionWork: Sendable {
    /// Answered with the generation that the other requests must name.
    case begin(Reply<Result<Int64, EditionRefusal>>)
    case put([SubjectRow], generation: Int64, Reply<Result<Int, EditionRefusal>>)
    /// Answered with the number of subjects, when everybody's pairs are those of the new edition.
    case commit(generation: Int64, Reply<Result<Int, EditionRefusal>>)
    case abort(generation: Int64, Reply<Result<Void, EditionRefusal>>)
}

/// Why nothing was done with an edition.
package enum EditionRefusal: Error, Sendable, Equatable {
    /// Another one is staged, with this generation, or is not settled; or the key of the cells is being rotated.
    case inUse(generation: Int64?)
    /// It is not the one that is staged.
    case unknownGeneration
}

/// Which edition is staged, and who waits for the end of one.
struct EditionDesk {
    /// The generation that is staged.
    var staged: Int64?
    /// The last one that was given away in this process.
    private var newest: Int64 = 0
    /// What to say when there is room for an edition as large as the register.
    var whenReady: (@Sendable () -> Void)?
    /// What to say when all is settled.
    var whenSettled: (@Sendable () -> Void)?
    /// When the next slice may be worked out, on the steady clock, in milliseconds.
    var nextSlice = Int64.min

    /// - Parameter commit: the number of the commit that begins the edition: no process before this one gave it away.
    mutating func begin(_ commit: Int64) -> Int64 {
        newest = max(newest + 1, commit)
        staged = newest
        return newest
    }
}

extension Writer {
    mutating func handle(_ work: EditionWork, now: ClockReading) {
        switch work {
        case .begin(let reply):
            guard engine.canStage, !precision.isSweeping else { return refuse(reply, .inUse(generation: desk.staged)) }
            engine.beginEdition()
            let generation = desk.begin(open.commit.number)
            open.commit.edition.append(.begin)
            // Its tables grow a few pages at a time; when they are as large as those of the register there is no pause to come.
            desk.whenReady = { reply.send(.success(generation)) }
            prepare(now: now)
        case .put(let rows, let generation, let reply):
            guard generation == desk.staged else { return refuse(reply, .unknownGeneration) }
            stage(rows, placements(of: rows), now: now)
            open.replies.append { reply.send(.success(rows.count)) }
        case .commit(let generation, let reply):
            guard generation == desk.staged else { return refuse(reply, .unknownGeneration) }
            desk.staged = nil
            let count = engine.swapEditions(now: now)
            open.commit.edition.append(.swap(at: now.wall))
            desk.whenSettled = { reply.send(.success(count)) }
            // What comes next changes the new edition, which the store knows from the next commit on.
            isSealed = true
            settle(at: now)
        case .abort(let generation, let reply):
            guard generation == desk.staged else { return refuse(reply, .unknownGeneration) }
            desk.staged = nil
            engine.dropEdition()
            open.commit.edition.append(.discard)
            desk.whenSettled = { reply.send(.success(())) }
            settle(at: now)
        }
    }

    private mutating func refuse<Value>(_ reply: Reply<Result<Value, EditionRefusal>>, _ refusal: EditionRefusal) {
        open.replies.append { reply.send(.failure(refusal)) }
    }

    /// Puts subjects into the staged edition.
    mutating func stage(_ rows: [SubjectRow], _ placements: [SubjectPlacement], now: ClockReading) {
        let placed = zip(rows, engine.stage(placements, now: now)).map { row, slot in
            row.placed(in: slot, shown: engine.stagedShownPlace(of: slot))
        }
        for row in placed {
            open.commit.edition.append(.put(row))
            open.size += row.size
        }
        notePrecision(of: placed)
    }

    /// Works out a piece of what an edition still needs, a slice now and then, so that batches have their turn.
    mutating func advanceEditions(to now: ClockReading) {
        guard engine.isSettling || engine.isBehind, now.steady >= desk.nextSlice || engine.isBlind else { return }
        guard engine.isSettling else { return prepare(now: now) }
        repeat {
            settle(at: now)
            advanced()
        } while engine.isBlind && !isFull
    }

    private mutating func prepare(now: ClockReading) {
        desk.nextSlice = now.steady + 1
        engine.prepare(slice.steps, now: now)
        guard !engine.isBehind, let reply = desk.whenReady else { return }
        open.replies.append(reply)
        open.isEmpty = false
        desk.whenReady = nil
    }

    private mutating func settle(at now: ClockReading) {
        // Half of the time is left for others.
        desk.nextSlice = now.steady + 4
        let wasSwapped = engine.isSwapped
        var isSettled = engine.settle(slice, into: &changes)
        collect(now: now)
        // A small register is done with at once.
        if !isSettled, !engine.isSweeping { isSettled = engine.settle(slice, into: &changes) }
        collect(now: now)
        open.isEmpty = false
        guard isSettled else { return }
        if wasSwapped { open.commit.edition.append(.settled) }
        if let reply = desk.whenSettled { open.replies.append(reply) }
        desk.whenSettled = nil
    }
}

extension SubjectRow {
    func placed(in slot: UInt32, shown: ShownPlace?) -> SubjectRow {
        var row = self
        row.slot = slot
        row.shown = shown
        return row
    }

    /// What it adds to a commit, roughly, in bytes.
    var size: Int { 128 + (details?.utf8.count ?? 0) }
}
