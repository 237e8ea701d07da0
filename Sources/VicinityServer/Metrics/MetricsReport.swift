internal import CLinux
internal import Foundation
internal import Glibc
import Synchronization
import VicinityCore
import VicinityMetrics
import VicinityPipeline
import VicinityStore
import VicinityTransport

/// What `metrics` says: every number is asked for where it is kept, at the moment when somebody wants to know.
struct MetricsReport: Sendable {
    let version: String
    let inbox: Inbox<Work>
    let statistics: Statistics
    let health: Health
    let feed: Feed
    let reader: any LogReader
    let counts: ConnectionCounts
    let limit: ConnectionLimit
    let disk: DiskWatch
    /// What there is to be seen of gateways and subscribers.
    let look: @Sendable () -> (gateways: [GatewayState], subscribers: SubscribersState)

    /// - Complexity: one indexed read of the log for its size, a few small files of `/proc`, a line a gateway and named subscriber.
    func text() -> String {
        var exposition = Exposition()
        let snapshot = statistics.snapshot
        let (gateways, subscribers) = look()
        exposition.add(.build, [version], 1)
        addProcess(to: &exposition)
        let size = try? reader.size()
        addHealth(isReadable: size != nil, to: &exposition)
        exposition.add(.users, snapshot.users)
        exposition.add(.subjects, snapshot.subjects)
        exposition.add(.pairs, snapshot.pairs)
        add(snapshot, to: &exposition)
        addLog(snapshot, size, to: &exposition)
        exposition.add(.commits, statistics.commits.reading)
        exposition.add(.acks, statistics.acks.reading)
        exposition.add(.deliveries, statistics.deliveries.reading)
        addQueues(gateways, subscribers, to: &exposition)
        for (name, count) in counts.counts { exposition.add(.connections, [name], count) }
        exposition.add(.connectionLimit, limit.maximum)
        add(gateways, to: &exposition)
        add(snapshot.subscribers, head: snapshot.head, to: &exposition)
        exposition.add(.unnamedLag, subscribers.unnamedLag ?? 0)
        return exposition.finished()
    }

    private func addProcess(to exposition: inout Exposition) {
        let process = ProcessUse.now
        exposition.add(.startTime, Seconds(milliseconds: statistics.birth.time))
        exposition.add(.processorTime, Seconds(nanoseconds: process.processorTime))
        exposition.add(.memory, process.memory)
        exposition.add(.descriptors, process.descriptors)
        exposition.add(.descriptorLimit, process.descriptorLimit)
    }

    /// - Parameter isReadable: whether the log says how large it is, which `status` tells too.
    private func addHealth(isReadable: Bool, to exposition: inout Exposition) {
        var troubled = Set(health.troubles.map(\.part))
        if !isReadable { troubled.insert(.log) }
        for part in Health.Part.allCases { exposition.add(.degraded, [part.rawValue], troubled.contains(part)) }
        exposition.add(.recovery, Seconds(milliseconds: statistics.birth.recovery))
    }

    private func add(_ snapshot: Snapshot, to exposition: inout Exposition) {
        let tally = snapshot.tally
        let results = [
            ("accepted", tally.accepted), ("stale", tally.stale), ("inaccurate", tally.inaccurate), ("implausible", tally.implausible),
        ]
        for (result, count) in results { exposition.add(.fixes, [result], count) }
        for code in LineErrorCode.allCases { exposition.add(.rejected, [code.rawValue], snapshot.rejected[code]) }
        exposition.add(.withheld, tally.withheld)
    }

    private func addLog(_ snapshot: Snapshot, _ size: LogSize?, to exposition: inout Exposition) {
        exposition.add(.events, snapshot.head - statistics.birth.head)
        exposition.add(.logHead, snapshot.head)
        exposition.add(.logOldest, feed.range.oldest)
        if let size {
            exposition.add(.logSize, size.bytes)
            exposition.add(.logFree, size.free)
        }
        if let answer = disk.answer(now: vicinity_monotonic_milliseconds()), answer.isFresh {
            exposition.add(.diskFree, answer.space.free)
            exposition.add(.diskSize, answer.space.size)
        }
    }

    private func addQueues(_ gateways: [GatewayState], _ subscribers: SubscribersState, to exposition: inout Exposition) {
        let inbox = inbox.load
        let answers = gateways.reduce(0) { $0 + $1.queuedBytes }
        let queues = [
            ("inbox", inbox.bytes), ("commit", statistics.openCommit.load(ordering: .relaxed)), ("feed", feed.weight),
            ("gateways", answers), ("subscribers", subscribers.queuedBytes),
        ]
        for (name, bytes) in queues { exposition.add(.queues, [name], bytes) }
        for (name, bytes) in [("inbox", inbox.bound), ("commit", Writer.greatestCommit), ("feed", Feed.memory)] {
            exposition.add(.queueLimits, [name], bytes)
        }
        // Each connection has a bound of its own.
        exposition.add(.queueLimits, ["gateways"], Bounds.output * max(1, gateways.count))
        exposition.add(.queueLimits, ["subscribers"], Bounds.output * max(1, counts.count(.events)))
    }

    private func add(_ gateways: [GatewayState], to exposition: inout Exposition) {
        let now = vicinity_monotonic_nanoseconds()
        func labels(_ gateway: GatewayState) -> [String] { ["\(gateway.id)", gateway.process.map { "\($0)" } ?? ""] }
        exposition.addNone(of: .gatewayAge)
        for gateway in gateways {
            exposition.add(.gatewayAge, labels(gateway), Seconds(nanoseconds: gateway.unackedSince.map { max(0, now - $0) } ?? 0))
        }
        exposition.addNone(of: .gatewayLines)
        for gateway in gateways { exposition.add(.gatewayLines, labels(gateway), Int64(gateway.unackedLines)) }
    }

    private func add(_ subscribers: [SubscriberState], head: Int64, to exposition: inout Exposition) {
        func labels(_ subscriber: SubscriberState) -> [String] { [String(decoding: subscriber.name, as: UTF8.self)] }
        exposition.addNone(of: .subscriberLag)
        for subscriber in subscribers { exposition.add(.subscriberLag, labels(subscriber), max(0, head - subscriber.acked)) }
        exposition.addNone(of: .subscriberConnected)
        for subscriber in subscribers { exposition.add(.subscriberConnected, labels(subscriber), subscriber.isConnected) }
    }
}

/// What the process takes of the machine.
struct ProcessUse {
    /// Nanoseconds of all threads.
    var processorTime: Int64
    /// Bytes that are resident.
    var memory: Int64
    var descriptors: Int
    var descriptorLimit: Int64

    static var now: ProcessUse {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func nanoseconds(_ time: timeval) -> Int64 { Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_usec) * 1000 }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return ProcessUse(
            processorTime: nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime), memory: residentMemory, descriptors: openDescriptors,
            descriptorLimit: Int64(clamping: limit.rlim_cur))
    }
}

extension ProcessUse {
    /// The second number of `/proc/self/statm`, in pages; 0 if there is no `/proc`.
    private static var residentMemory: Int64 {
        let words = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return words.count > 1 ? (Int64(words[1]) ?? 0) * Int64(sysconf(CInt(_SC_PAGESIZE))) : 0
    }

    /// But for the one that looks.
    private static var openDescriptors: Int {
        max(0, ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count ?? 1) - 1)
    }
}
