// Whether the service manager is told that the daemon lives: the decision, without threads or clocks.
//
// A *round* goes through everything that a fix goes through: every event loop has a turn, and from one of them a pulse goes through the inbox to
// the engine, with a commit to the store, whose thread makes a small write, and then the device must have that. A round that comes back is proof,
// and the manager is told. Each third of its time one begins.
//
// A round that is not back yet may wait behind work. Work shows: the stage in which it waits counts its steps, and one that has done some
// since the manager was last told is busy, not stuck. A loop counts nothing: no piece of its work is long. The device below the store counts what
// it completes for everybody; that is believed for a minute, since the one write that is waited for may be lost while others go on.

/// Watches over one round after the other.
struct Vigil {
    /// Where a round can wait.
    enum Stage: Hashable, Sendable {
        /// An event loop, by its place.
        case loop(Int)
        case engine
        case store
        case disk
    }

    /// A stage in which a round waits, and what can be seen of it.
    struct Sight: Sendable, Equatable {
        var stage: Stage
        /// Changes with each step of the stage's work; a stage that counts none has always the same.
        var steps: UInt64 = 0
        /// What the device has completed, where that is what the stage may wait for; else always the same.
        var completed: UInt64 = 0
    }

    /// What is to be done.
    struct Verdict: Equatable {
        /// Tell the manager that the daemon lives.
        var feeds = false
        /// Begin a round.
        var begins = false
        /// A round is late: where it waits, or, if it is back, where it last waited. `nil` if none is.
        var late: Stage?
    }

    /// For so long a device that completes what others asked for excuses a stage that waits for it, in nanoseconds.
    static let deviceGrace: Int64 = 60_000_000_000

    /// The manager's patience, in nanoseconds: `WatchdogSec=`.
    private let limit: Int64
    /// When the manager was last told.
    private var fed: Int64
    /// When the round began that is under way, or the last one.
    private var began: Int64
    private var isUnderWay = false
    private var stages: [Stage: Seen] = [:]
    /// Where the present round was last seen.
    private var place: Stage?
    private var late: Stage?

    private struct Seen {
        var steps: UInt64
        var completed: UInt64
        /// When the round was first seen here, or the stage's steps last changed.
        var worked: Int64
        /// When anything last changed; `nil` if nothing has.
        var moved: Int64?
    }

    /// - Parameters:
    ///   - limit: nanoseconds after which the manager gives the daemon up.
    ///   - now: monotonic nanoseconds.
    init(limit: Int64, now: Int64) {
        self.limit = limit
        fed = now
        began = .min
    }

    /// How long after the beginning of a round the next one is due, and how often the manager is told at the most.
    private var period: Int64 { limit / 3 }

    /// How often ``look(at:now:)`` is to be called, in nanoseconds.
    var interval: Int64 { max(1_000_000, limit / 30) }

    /// Looks at the round.
    ///
    /// - Parameters:
    ///   - sights: the stages in which the round waits; none if it is back, or there is none.
    ///   - now: monotonic nanoseconds.
    mutating func look(at sights: [Sight], now: Int64) -> Verdict {
        var verdict = Verdict()
        if isUnderWay {
            if sights.isEmpty {
                isUnderWay = false
                verdict.feeds = true
                // Late for once: who was late stays noted until a round is in time.
                if now - began <= limit / 2 { late = nil }
            } else {
                note(sights, now: now)
                verdict.feeds = now - fed >= period && sights.allSatisfy { hasMoved($0.stage, now: now) }
                if now - began > limit / 2 { late = place }
            }
        }
        if !isUnderWay, began == .min || now - began >= period {
            verdict.begins = true
            isUnderWay = true
            began = now
            stages = [:]
            place = nil
        }
        if verdict.feeds { fed = now }
        verdict.late = late
        return verdict
    }

    private mutating func note(_ sights: [Sight], now: Int64) {
        let before = stages
        stages = [:]
        for sight in sights {
            guard var seen = before[sight.stage] else {
                // That it came this far is a step of the stage before; of the round's first stage nothing is known.
                let hasPassed = !before.isEmpty && !before.keys.contains(sight.stage)
                stages[sight.stage] = Seen(
                    steps: sight.steps, completed: sight.completed, worked: now, moved: hasPassed ? now : nil)
                continue
            }
            if seen.steps != sight.steps {
                seen.steps = sight.steps
                seen.worked = now
                seen.moved = now
            } else if seen.completed != sight.completed, now - seen.worked < Self.deviceGrace {
                seen.moved = now
            }
            seen.completed = sight.completed
            stages[sight.stage] = seen
        }
        place = sights.max { stalled($0.stage, now: now) < stalled($1.stage, now: now) }?.stage
    }

    /// How long nothing was seen of a stage's own work.
    private func stalled(_ stage: Stage, now: Int64) -> Int64 { now - (stages[stage]?.worked ?? now) }

    /// Whether something was seen of a stage since the manager was last told.
    private func hasMoved(_ stage: Stage, now: Int64) -> Bool {
        guard let moved = stages[stage]?.moved else { return false }
        return moved > fed
    }
}
