import VicinityCore
import VicinityStore

// Users are forgotten. The engine does so at once; what the store keeps is rid of them by an erasure, which the commit begins and for which the
// sweep writes all state anew, as fast as it can. When nothing is left another commit ends the erasure, with the audit entry and the answer.

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
        return waiting.removeValue(forKey: number)
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
