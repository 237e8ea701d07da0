import Glibc
import VicinityCore
import VicinityStore

/// How long events wait for their commit: events come at a steady rate, every 5 ms what has come is committed, and a commit that takes longer
/// makes the next one larger, as in the daemon.
///
/// Open loop: an event's time counts from when it was due to come, so that a slow commit is charged with all that waits behind it. These are
/// times on the wall and depend on the machine and its disk; nothing is held against them.
public struct CommitLatency {
    /// Events a second.
    public var rate: Int
    var durability: Durability
    /// Whether as many old events are removed as new ones come.
    public var isPruning: Bool
    public var seconds: Double

    private static let interval = 0.005
    /// Events that are there before pruning begins.
    private static let kept: Int64 = 1_000_000

    init(rate: Int, durability: Durability, isPruning: Bool, seconds: Double) {
        self.rate = rate
        self.durability = durability
        self.isPruning = isPruning
        self.seconds = seconds
    }

    /// The table of docs/performance.md.
    public static func all(seconds: Double) -> [CommitLatency] {
        [Durability.process, .power].flatMap { durability in
            [10_000, 100_000, 500_000].map { CommitLatency(rate: $0, durability: durability, isPruning: false, seconds: seconds) }
                + [CommitLatency(rate: 100_000, durability: durability, isPruning: true, seconds: seconds)]
        }
    }

    public var name: String { "\(durability), \(rate / 1000) k events/s\(isPruning ? ", pruning" : "")" }

    /// - Parameter path: a directory on the disk in question.
    /// - Returns: a row of the table.
    public func run(in path: String) throws -> String {
        let directory = try TemporaryDirectory(in: path)
        let store = try SQLiteStore.open(directory: directory.path, durability: durability, copying: .beside)
        var number: Int64 = 0
        var seq: Int64 = 0
        while isPruning, seq < Self.kept {
            number += 1
            try append(20_000, &number, &seq, to: store)
        }
        var appends: [Double] = []
        var waits: [(time: Double, events: Int)] = []
        let start = monotonicSeconds()
        let first = seq
        while true {
            let due = start + Double(seq - first) / Double(rate) + Self.interval
            let now = monotonicSeconds()
            if now - start >= seconds { break }
            if now < due {
                usleep(UInt32((due - now) * 1e6))
                continue
            }
            let came = Int((now - start) * Double(rate)) - Int(seq - first)
            number += 1
            let before = monotonicSeconds()
            let oldest = start + Double(seq - first) / Double(rate)
            try append(came, &number, &seq, to: store)
            let after = monotonicSeconds()
            appends.append((after - before) * 1000)
            // Those that came together: the wait of the oldest, of the youngest, and evenly between.
            for part in 0..<10 { waits.append(((after - oldest - (before - oldest) * Double(part) / 9) * 1000, came / 10)) }
            if isPruning { _ = try store.retain(Retention(beforeSeq: seq - Self.kept)) }
        }
        try store.close()
        return line(appends, waits)
    }

    private func append(_ events: Int, _ number: inout Int64, _ seq: inout Int64, to store: SQLiteStore) throws {
        var blocks: [EventBlock] = []
        var left = events
        while left > 0 {
            var builder = EventBlockBuilder(firstSeq: seq + 1)
            for index in 0..<min(left, Engine.eventsPerBlock) {
                builder.append(
                    Event(
                        seq: 0, time: 1_700_000_000_000 + seq, change: .enter(.user, .within(250)),
                        user: Array("user-\(index)".utf8), subject: Array("subject-\(index % 777)".utf8), kind: Array("toll".utf8)))
            }
            guard let block = builder.finish() else { break }
            blocks.append(block)
            seq = block.lastSeq
            left -= block.count
        }
        // Of each fix about 25 bytes, and 1.3 events (the drive of the other benchmarks).
        let journal = [UInt8](repeating: 7, count: max(1, events * 25 * 10 / 13))
        try store.append(
            Commit(number: number, blocks: blocks, journal: journal, journalNeededFrom: max(1, number - 100), wallTime: number))
    }

    private func line(_ appends: [Double], _ waits: [(time: Double, events: Int)]) -> String {
        func rank(_ sorted: [Double], _ share: Double) -> String {
            sorted.isEmpty ? "-" : formatted(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))], 2)
        }
        let append = appends.sorted()
        let ordered = waits.sorted { $0.time < $1.time }
        let total = ordered.reduce(0) { $0 + $1.events }
        func wait(_ share: Double) -> String {
            var seen = 0
            for entry in ordered {
                seen += entry.events
                if Double(seen) >= Double(total) * share { return formatted(entry.time, 2) }
            }
            return "-"
        }
        return "\(pad(name, 34)) append p50 \(pad(rank(append, 0.5), 7)) p99 \(pad(rank(append, 0.99), 7)) max \(pad(rank(append, 1), 8))"
            + "event p50 \(pad(wait(0.5), 7)) p99 \(pad(wait(0.99), 7)) ms, \(appends.count) commits"
    }
}

/// A directory that goes with its owner.
final class TemporaryDirectory {
    let path: String

    init(in parent: String = "/tmp") throws {
        var template = Array("\(parent)/vicinity-bench.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { preconditionFailure("no temporary directory can be made in \(parent)") }
        path = String(cString: made)
    }

    deinit {
        for name in ["vicinity.db", "vicinity.db-wal", "vicinity.db-shm", "vicinity.head"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}

/// The monotonic clock, in seconds.
private func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
