// What the daemon counts, and what degrades it, as an operator's tools see it.

import Foundation
import Testing
import VicinityClient

@Suite("Metrics and health")
struct MetricsTests {
    /// The value of a sample; `nil` if there is none.
    private func value(_ sample: String, in text: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(sample + " ") }.flatMap { Double($0.dropFirst(sample.count + 1)) }
    }

    private func metrics(_ daemon: Daemon) throws -> String { try #require(try daemon.result("metrics").string) }

    @Test("What was sent, refused, stored and given is counted")
    func counts() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s-1"])
        let (relay, _) = try daemon.subscribe(#"{"name":"relay"}"#)
        let (reader, _) = try daemon.subscribe()
        let answers = try daemon.ingest([
            fix("u-1", near, 0, 10_000), fix("u-1", near, 0, 500), #"{"user":"u-1","lat":100,"lon":0}"#, "x", "x",
        ])
        #expect(answers.count > 0)
        _ = try reader.nextLine()
        _ = try relay.nextLine()
        // What is sent is counted just after it was sent.
        let text = try eventually("acks and deliveries being counted") {
            let text = try metrics(daemon)
            func count(_ what: String) -> Double { value("vicinity_\(what)_latency_seconds_count", in: text) ?? 0 }
            return count("ack") >= 5 && count("event") >= 2 ? text : nil
        }
        let expected: [String: Double] = [
            #"vicinity_fixes_total{result="accepted"}"#: 1, #"vicinity_fixes_total{result="stale"}"#: 1,
            #"vicinity_lines_rejected_total{code="bad_latitude"}"#: 1, #"vicinity_lines_rejected_total{code="bad_json"}"#: 2,
            #"vicinity_lines_rejected_total{code="bad_utf8"}"#: 0, "vicinity_users": 1, "vicinity_subjects": 1, "vicinity_pairs_inside": 1,
            "vicinity_events_total": 1, "vicinity_log_head": 1, "vicinity_log_oldest": 1, #"vicinity_degraded{reason="store"}"#: 0,
            "vicinity_ack_latency_seconds_count": 5, #"vicinity_subscriber_lag_events{subscriber="relay"}"#: 1,
            #"vicinity_subscriber_connected{subscriber="relay"}"#: 1, #"vicinity_connections{socket="events"}"#: 2,
            "vicinity_connections_limit": 1024, "vicinity_unnamed_subscriber_lag_events": 0,
        ]
        for (sample, wanted) in expected { #expect(value(sample, in: text) == wanted, "\(sample)") }
        for sample in [
            "vicinity_commit_duration_seconds_sum", "vicinity_ack_latency_seconds_sum", "vicinity_event_latency_seconds_sum",
            "vicinity_cpu_seconds_total", "vicinity_resident_memory_bytes", "vicinity_open_fds", "vicinity_max_fds", "vicinity_log_bytes",
            "vicinity_disk_free_bytes", "vicinity_disk_size_bytes", "vicinity_recovery_seconds", #"vicinity_queue_bytes{queue="feed"}"#,
            #"vicinity_queue_limit_bytes{queue="inbox"}"#,
        ] {
            #expect((value(sample, in: text) ?? 0) > 0, "\(sample)")
        }
        #expect(abs((value("vicinity_start_time_seconds", in: text) ?? 0) - Date().timeIntervalSince1970) < 120)
        #expect(text.hasSuffix("# EOF\n"))
    }

    @Test("A gateway is there under the number of its connection and its process, and nothing of it waits once it has its ack")
    func gateway() throws {
        let daemon = try Daemon.running()
        let gateway = try daemon.connect("ingest")
        try gateway.send(fix("u-1", far, 0, 1000) + "\n")
        _ = try gateway.nextLine()
        // An ack is counted just after it was sent.
        let line = try eventually("a gateway of which nothing waits") {
            let lines = try metrics(daemon).split(separator: "\n").filter { $0.hasPrefix("vicinity_gateway_unacked_lines{") }
            return lines.first { $0.hasSuffix(" 0") }
        }
        #expect(line.contains("pid=\"\(getpid())\""))
    }

    @Test(
        "Of a gateway whose line cannot be stored it is told for how long that has been", .enabled(if: Machine.hasPython, "needs python3"))
    func unacked() throws {
        let daemon = try Daemon.running()
        let gateway = try daemon.connect("ingest")
        try gateway.send(fix("u-1", far, 0, 1000) + "\n")
        _ = try gateway.nextLine()
        let holder = try DatabaseHolder(daemon)
        try gateway.send(fix("u-1", far, 0, 2000) + "\n")
        /// The sample of the only gateway.
        func sample(_ name: String) throws -> Double? {
            try metrics(daemon).split(separator: "\n").first { $0.hasPrefix("\(name){") }.flatMap { $0.split(separator: " ").last }.flatMap
            { Double($0) }
        }
        _ = try eventually("a line that waits") { try sample("vicinity_gateway_unacked_lines") == 1 ? true : nil }
        let age = try eventually("its age") { try sample("vicinity_gateway_oldest_unacked_seconds").flatMap { $0 > 0 ? $0 : nil } }
        _ = try eventually("more of it") { try sample("vicinity_gateway_oldest_unacked_seconds").flatMap { $0 > age ? true : nil } }
        try holder.letGo()
        #expect(try Answer(gateway.nextLine()) == .ack(2))
        _ = try eventually("nothing that waits") { try sample("vicinity_gateway_oldest_unacked_seconds") == 0 ? true : nil }
        #expect(try sample("vicinity_gateway_unacked_lines") == 0)
    }

    @Test("A relay that stays away degrades the daemon by its name, and no longer when it has acked; a reload changes from when on")
    func lag() throws {
        let daemon = try Daemon.running(config: Daemon.plain + "health:\n  subscriber_lag: 1\n")
        try daemon.put(["s", "t"])
        do { _ = try daemon.subscribe(#"{"name":"relay"}"#) }
        try daemon.ingest([fix("a", near, 0, 0)])
        let reason = try daemon.waitUntilDegraded()
        #expect(reason == "subscriber_lag: relay (away) is 2 events behind (health.subscriber_lag is 1)")
        #expect(value(#"vicinity_degraded{reason="subscriber_lag"}"#, in: try metrics(daemon)) == 1)
        try daemon.write(config: Daemon.plain + "health:\n  subscriber_lag: 20\n")
        _ = try daemon.result("config.reload")
        try daemon.waitUntilWell()
        try daemon.write(config: Daemon.plain + "health:\n  subscriber_lag: 1\n")
        _ = try daemon.result("config.reload")
        _ = try daemon.waitUntilDegraded()
        let (relay, _) = try daemon.subscribe(#"{"name":"relay"}"#)
        try relay.send("{\"ack\":2}\n")
        try daemon.waitUntilWell()
        #expect(value(#"vicinity_degraded{reason="subscriber_lag"}"#, in: try metrics(daemon)) == 0)
    }

    @Test("A disk that has less than it should degrades the daemon, until there is room", .enabled(if: Machine.canMount))
    func disk() throws {
        let daemon = try Daemon.running(megabytes: 32)
        try daemon.waitUntilWell()
        let filler = "\(daemon.statePath)/filler"
        let free = try #require(try FileManager.default.attributesOfFileSystem(forPath: daemon.statePath)[.systemFreeSize] as? Int)
        try Data(count: free - (1 << 20)).write(to: URL(fileURLWithPath: filler))
        #expect(try daemon.waitUntilDegraded().hasPrefix("disk: "))
        try FileManager.default.removeItem(atPath: filler)
        try daemon.waitUntilWell()
    }

    @Test("A commit that waits for its disk degrades the daemon by how long it took", .enabled(if: Machine.canMount))
    func slowStore() throws {
        let daemon = try Daemon.running(config: Daemon.plain + "health:\n  commit_time: 1ms\n  disk_free: 0\ndurability: power\n")
        // Somewhere among so many there is one of two milliseconds.
        let reason = try eventually("a slow commit") { () -> String? in
            try daemon.put((0..<5000).map { "s-\($0)" }, kind: "k\(Int.random(in: 0..<1_000_000))")
            return try daemon.result("status")["health"]?["reasons"]?.array?.first?.string
        }
        #expect(reason.hasPrefix("store_slow: a commit took "))
    }

    @Test("The program prints what the method says, writes it for node_exporter, and answers a scraper")
    func program() throws {
        let daemon = try Daemon.running()
        let socketDirectory = daemon.runtimePath
        let request = "\(daemon.directory)/request"
        let output = "\(daemon.directory)/output"
        try "GET /metrics HTTP/1.1\r\n\r\n".write(toFile: request, atomically: true, encoding: .utf8)
        func run(_ arguments: String...) throws -> (ending: Ending, text: String) {
            let program = try Program(
                Program.path(of: "vicinityctl"), arguments: arguments + ["--socket-dir", socketDirectory],
                log: "\(daemon.directory)/errors", input: request, output: output)
            return (try program.wait(), try String(contentsOfFile: output, encoding: .utf8))
        }
        #expect(try run("metrics").text.contains("# TYPE vicinity_build info\n"))
        let file = "\(daemon.directory)/vicinity.prom"
        #expect(try run("metrics", "--textfile", file).ending == .exited(0))
        let written = try String(contentsOfFile: file, encoding: .utf8)
        #expect(written.contains("# TYPE vicinity_build_info gauge\n") && !written.contains("# EOF"))
        let answer = try run("metrics", "--http").text
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\n"))
        try daemon.stop()
        #expect(try run("metrics", "--http").text.hasPrefix("HTTP/1.1 503 "))
    }
}
