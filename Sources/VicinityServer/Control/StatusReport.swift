internal import CLinux
internal import Glibc
import Synchronization
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

/// What `status` says.
struct StatusReport: Sendable {
    let version: String
    /// Monotonic milliseconds at which the process began.
    let started: Int64
    let statistics: Statistics
    let health: Health
    let connections: ConnectionCounts
    let feed: Feed
    let reader: any LogReader

    /// - Complexity: one indexed read of the log for its size.
    func json() -> [UInt8] {
        let snapshot = statistics.snapshot
        let rates = statistics.rates
        var reasons = health.sentences
        var size: LogSize?
        do {
            size = try reader.size()
        } catch {
            reasons.append("log: it cannot be read: \(error)")
        }
        let oldest = feed.range.oldest
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("version", version)
            writer.member("pid", getpid())
            writer.member("uptime_ms", vicinity_monotonic_milliseconds() - started)
            writer.member("ready", true)
            writer.key("health")
            writer.object { writer in
                writer.member("state", reasons.isEmpty ? "ok" : "degraded")
                writer.key("reasons")
                writer.array { writer in for reason in reasons { writer.value(reason) } }
            }
            writer.member("users", snapshot.users)
            writer.member("subjects", snapshot.subjects)
            writer.member("pairs_inside", snapshot.pairs)
            writer.key("connections")
            writer.object { writer in
                for (name, count) in connections.counts { writer.member(name, count) }
            }
            writer.key("fixes")
            writer.object { writer in
                writer.member("accepted", snapshot.tally.accepted)
                writer.member("stale", snapshot.tally.stale)
                writer.member("inaccurate", snapshot.tally.inaccurate)
                writer.member("implausible", snapshot.tally.implausible)
                writer.member("invalid", snapshot.tally.invalid)
            }
            writer.member("withheld", snapshot.tally.withheld)
            writer.key("events")
            writer.object { writer in
                writer.member("head", snapshot.head)
                writer.member("oldest", oldest)
            }
            if let size {
                writer.key("log")
                writer.object { writer in
                    writer.member("bytes", size.bytes)
                    writer.member("free_bytes", size.free)
                    if let time = size.oldestCommit { writer.member("oldest_commit", time) }
                }
            }
            writer.key("subscribers")
            writer.array { writer in
                for subscriber in snapshot.subscribers { subscriber.write(head: snapshot.head, to: &writer) }
            }
            writer.key("rates")
            writer.object { writer in
                writer.member("fixes_per_s", (rates.fixes * 10).rounded() / 10)
                writer.member("events_per_s", (rates.events * 10).rounded() / 10)
            }
        }
        return writer.bytes
    }
}

extension SubscriberState {
    /// - Parameter head: of the same moment; the lag is counted up to it.
    func write(head: Int64, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", utf8: name)
            writer.member("acked", acked)
            writer.member("lag", max(0, head - acked))
            writer.member("connected", isConnected)
            writer.member("moved", wallTime)
        }
    }
}

/// How many connections each socket has.
final class ConnectionCounts: Sendable {
    private let state = Mutex<[SocketName: Int]>([:])

    func opened(_ socket: SocketName) { state.withLock { $0[socket, default: 0] += 1 } }

    func closed(_ socket: SocketName) { state.withLock { $0[socket, default: 0] -= 1 } }

    func count(_ socket: SocketName) -> Int { state.withLock { $0[socket] ?? 0 } }

    /// By name, in the contract's order.
    var counts: [(name: String, count: Int)] {
        state.withLock { state in SocketName.allCases.map { ($0.rawValue, state[$0] ?? 0) } }
    }
}

/// The three doors of the daemon.
enum SocketName: String, CaseIterable, Sendable {
    case ingest
    case events
    case control
}
