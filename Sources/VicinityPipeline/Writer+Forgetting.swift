import VicinityCore
import VicinityStore

// Users are forgotten. The engine does so at once; what the store keeps is rid of them by an erasure, which the commit begins and for which the
// sweep writes all state anew, as fast as it can. When nothing is left another commit ends the erasure, with the audit entry and the answer.
//
// Who signs off, or falls silent, is forgotten in memory only. What journals and pages of before still say of such users is taken away by an erasure
// of nobody in particular, an hour after the first of them at the latest: also where nothing else is written.

/// Why nobody was forgotten.
package enum ForgettingRefusal: Error, Sendable, Equatable {
    /// So many erasures are under way that another would have to wait without bound.
    case tooMany
}

/// Which erasures are under way, and who waits for their end.
struct ForgettingDesk {
    /// So many at most; an erasure takes about a second where the log is small.
    static let greatest = 64

    private var pending: Set<Int64>
    /// The last number that was given away.
    private var last: Int64
    private var waiting: [Int64: Reply<Result<Int64, ForgettingRefusal>>] = [:]
    /// When old state is to go, on the steady clock, in milliseconds; `nil` if none holds what is forgotten.
    private(set) var cleaningDue: Int64?
    /// The erasure of nobody in particular that is under way.
    private var cleaning: Int64?

    init(_ recovered: [Erasure]) {
        pending = Set(recovered.map(\.number))
        last = pending.max() ?? 0
    }

    var hasRoom: Bool { pending.count < Self.greatest }

    /// - Parameter commit: the number of the commit that begins the erasure: no process before this one gave it away.
    mutating func begin(in commit: Int64, _ reply: Reply<Result<Int64, ForgettingRefusal>>?) -> Int64 {
        last = max(last + 1, commit)
        pending.insert(last)
        waiting[last] = reply
        return last
    }

    /// - Returns: who waits for it; `nil` also where that was another process.
    mutating func end(_ number: Int64) -> Reply<Result<Int64, ForgettingRefusal>>? {
        pending.remove(number)
        if cleaning == number { cleaning = nil }
        return waiting.removeValue(forKey: number)
    }

    /// How long a position that is forgotten may still lie in the file before that is seen to, in milliseconds.
    static let cleaningInterval: Int64 = 3_600_000
    /// How long it is put off while there is no room for it, in milliseconds.
    private static let postponement: Int64 = 60_000

    /// Notes that the file holds something that is forgotten.
    mutating func noteOldState(now: ClockReading) { cleaningDue = cleaningDue ?? now.steady + Self.cleaningInterval }

    /// - Returns: the number of an erasure that must be begun now.
    mutating func beginCleaning(in commit: Int64, now: ClockReading) -> Int64? {
        guard let due = cleaningDue, due <= now.steady else { return nil }
        guard cleaning == nil, hasRoom else {
            cleaningDue = now.steady + Self.postponement
            return nil
        }
        cleaningDue = nil
        cleaning = begin(in: commit, nil)
        return cleaning
    }
}

extension Writer {
    mutating func forget(
        _ user: [UInt8], for peer: AuditEntry.Peer, _ reply: Reply<Result<Int64, ForgettingRefusal>>, now: ClockReading
    ) {
        guard forgetting.hasRoom else {
            open.replies.append { reply.send(.failure(.tooMany)) }
            return
        }
        engine.catchUp(user, into: &changes)
        collect(now: now)
        let before = engine.head
        engine.forget(user, now: now, into: &changes)
        collect(now: now, naming: false)
        if engine.head > before { open.farewells.append(Farewell(user: user, seqs: before + 1...engine.head)) }
        engine.forgetLeaves(of: user)
        reports.forget(user)
        open.commit.reports.append(.anonymise(user: user))
        let commit = open.commit.number
        let request = Erasure.Request(user: engine.auditHash(user), peer: peer)
        let erasure = Erasure(
            number: forgetting.begin(in: commit, reply), user: user, request: request, through: before, commit: commit,
            events: engine.head - before)
        open.commit.erasures.append(.begin(erasure))
        open.size += 4096
        sweep.hurry(from: commit)
    }

    /// Begins to take old state away, if it is time.
    mutating func cleanUp(now: ClockReading) {
        if engine.hasForgottenPositions { forgetting.noteOldState(now: now) }
        let commit = open.commit.number
        guard let number = forgetting.beginCleaning(in: commit, now: now) else { return }
        engine.hasForgottenPositions = false
        open.commit.erasures.append(.begin(Erasure(number: number, commit: commit)))
        open.size += 64
        open.isEmpty = false
        sweep.hurry(from: commit)
    }

    /// Nothing is left of what these erasures were to take away.
    mutating func end(_ erasures: [Erasure], now: ClockReading) {
        for erasure in erasures {
            open.commit.erasures.append(.end(number: erasure.number))
            if let request = erasure.request {
                audit(
                    "users.forget", for: request.peer, userHash: request.user, outcome: .forgotten, detail: "events: \(erasure.events)",
                    now: now)
            }
            if let reply = forgetting.end(erasure.number) { open.replies.append { reply.send(.success(erasure.events)) } }
        }
    }
}
