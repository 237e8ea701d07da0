// What every command says of a daemon, on the screen and with --json: programs of others read the one, and people the other.

import Foundation
import Testing
import VicinityClient

@Suite("What vicinityctl says")
struct AnswerTests {
    private static let config = """
        halo:
          radius: 300
        fixes:
          expire_after: 0
        privacy:
          profile: places
          disclose: [fee]

        """

    /// A command that shows what the daemon has answered, in the order in which they are asked; one after another sees what it has done.
    private static let commands: [(file: String, words: [String])] = [
        ("status", ["status"]), ("subscribers-list", ["subscribers", "list"]), ("subjects-list", ["subjects", "list"]),
        ("subjects-get", ["subjects", "get", "s-9"]), ("users-get", ["users", "get", "u-17"]),
        ("users-get-position", ["users", "get", "u-17", "--position"]), ("nearby", ["nearby", "u-17"]),
        ("explain-inside", ["explain", "u-17", "s-9"]), ("explain-outside", ["explain", "u-18", "s-8"]),
        ("explain-user", ["explain", "u-18"]),
        ("details", ["details", "u-17", "s-9", "--purpose", "alert-tapped"]),
        ("report", ["report", "u-17", "s-9", "--kind", "tip", "--text", "closed"]), ("reports-list", ["reports", "list"]),
        ("config-get", ["config", "get"]), ("watch", ["watch", "--after", "0", "--count", "5"]),
        ("privacy-rotate-key", ["privacy", "rotate-key"]), ("log-prune", ["log", "prune", "--before", "2"]),
        ("users-forget", ["users", "forget", "u-18", "--yes"]), ("audit-list", ["audit", "list"]), ("audit-verify", ["audit", "verify"]),
    ]

    @Test("Each answer, with --json and without, is as it is written down")
    func answers() throws {
        let daemon = try Daemon.running(config: Self.config)
        let relay = try Self.furnish(daemon)
        for (file, words) in Self.commands {
            var session = ""
            for arguments in [words, words + ["--json"]] {
                let said = try Program.vicinityctl(arguments + ["--socket-dir", daemon.runtimePath], in: daemon.directory)
                #expect(said.ending == .exited(0) && said.err.isEmpty, "\(arguments): \(said.ending) \(said.err)")
                session += "$ vicinityctl \(arguments.joined(separator: " "))\n"
                session += Self.lasting(said.out.replacing(daemon.directory, with: "DIR"))
            }
            try Golden.expect(session, equals: "answers/\(file).txt")
        }
        withExtendedLifetime(relay) {}
    }

    /// Commands whose answers with --json are held by tests of their own.
    private static let elsewhere = ["doctor", "map", "privacy check"]

    @Test("No command with --json is left out")
    func everyAnswerIsHere() throws {
        let daemon = try Daemon()
        let dump = try JSONValue(parsing: Program.vicinityctl(["--experimental-dump-help"], in: daemon.directory).out)
        let there = Self.withJSON(try #require(dump["command"]), after: []).map { $0.dropFirst().joined(separator: " ") }
        // The words of some are followed by arguments.
        let asked = Self.commands.map { $0.words.joined(separator: " ") + " " }
        let here = there.filter { command in asked.contains { $0.hasPrefix(command + " ") } }
        #expect(Set(there) == Set(here + Self.elsewhere) && Set(here).isDisjoint(with: Self.elsewhere))
    }

    /// The words of the commands that know --json.
    private static func withJSON(_ command: JSONValue, after words: [String]) -> [[String]] {
        let words = words + [command["commandName"]?.string ?? "?"]
        let names = (command["arguments"]?.array ?? []).flatMap { $0["names"]?.array ?? [] }
        let own = names.contains { $0["name"]?.string == "json" } ? [words] : []
        return own + (command["subcommands"]?.array ?? []).flatMap { withJSON($0, after: words) }
    }

    /// Something of everything that can be asked for.
    ///
    /// - Returns: a subscriber that is connected.
    private static func furnish(_ daemon: Daemon) throws -> LineSocket {
        let place = #""kind":"toll","lat":0,"lon":0"#
        try daemon.result(
            "subjects.put",
            """
            {"subjects":[{"id":"s-9",\(place),"name":"Gate 9","details":{"fee":2.5,"phone":"1"}},{"id":"s-8","lat":1,"lon":2},\
            {"id":"s-7","kind":"stop","lat":10,"lon":20,"precision":500,"valid_until":4102444800000}]}
            """)
        let (relay, _) = try daemon.subscribe(#"{"name":"relay-1"}"#)
        try daemon.subscribe(#"{"name":"night-relay","after":0}"#).socket.endOutput()
        _ = try eventually("a relay that is away") { try daemon.subscriber("night-relay")?["connected"]?.bool == false ? true : nil }
        try daemon.ingest([
            fix("u-17", near, 0, 0), fix("u-18", near, 0, 1_000, #","radius":500,"accuracy":50"#), fix("u-18", near, 0, 500), "x",
        ])
        for (user, kind) in [("u-17", "tip"), ("u-18", "tip")] {
            try daemon.result("reports.create", #"{"user":"\#(user)","subject":"s-9","kind":"\#(kind)","text":"it moved"}"#)
        }
        try daemon.result("reports.resolve", #"{"report":2,"outcome":"kept","note":"looked at it"}"#)
        try relay.send(#"{"ack":1}"# + "\n")
        try daemon.waitUntilAcked("relay-1", 1)
        return relay
    }

    /// What an answer says each time: without the machine's clock, its processes and what differs by a turn of a thread.
    private static func lasting(_ text: String) -> String {
        text.replacing(#/("(?:pid|uid|gid|uptime_ms|age_ms|bytes|free_bytes|oldest_commit|ingest|events|control)":)[0-9]+/#) {
            "\($0.output.1)0"
        }
        .replacing(#/("(?:fixes|events)_per_s":)[0-9.e-]+/#) { "\($0.output.1)0" }
        .replacing(clientVersion, with: "VERSION")
        // Times of fixes are those of `noon`.
        .replacing(#/("(?:ts|moved)":)1(?!70411)[0-9]{12}/#) { "\($0.output.1)0" }
        .replacing(#/20[0-9]{2}-(?!01-01)[0-9]{2}-[0-9]{2} [0-9:.]{8,12}/#, with: "DATE")
        .replacing(#/[0-9a-f]{16,}/#, with: "HASH")
        .replacing(#/, [0-9][^;\n"]* ago/#, with: ", SPAN ago")
        .replacing(#/pid [0-9]+, up [^\n]*/#, with: "pid PID, up SPAN")
        .replacing(#/uid [0-9]+, pid [0-9]+/#, with: "uid UID, pid PID")
        .replacing(#/[0-9]+ ingest, [0-9]+ events, [0-9]+ control/#, with: "N ingest, N events, N control")
        .replacing(#/\nlog  .*\nrates  .*/#, with: "\nlog           SIZE\nrates         RATES")
        .replacing("},", with: "},\n")
    }
}
