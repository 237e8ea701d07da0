import Foundation
import Testing
import VicinityClient

@Suite("Control: the live screen")
struct TopTests {
    @Test("The program finds everything that it shows in what the daemon says, and counts what comes while it looks")
    func once() throws {
        let daemon = try Daemon.running()
        try daemon.put(["s-1"])
        let (relay, _) = try daemon.subscribe(#"{"name":"relay-1"}"#)
        try daemon.ingest([fix("u-1", near, 0, 10_000), fix("u-1", near, 0, 500), "x"])
        _ = try relay.nextLine()
        let gateway = try daemon.connect("ingest")
        let output = "\(daemon.directory)/output"
        let program = try Program(
            Program.path(of: "vicinityctl"), arguments: ["top", "--once", "--interval", "2s", "--socket-dir", daemon.runtimePath],
            log: "\(daemon.directory)/errors", output: output)
        // In whichever moment of the two seconds they come, they are between its two readings; or it has not yet begun.
        var time: Int64 = 20_000
        while program.poll() == nil {
            try gateway.send(fix("u-1", near, 0, time) + "\n")
            time += 1_000
            usleep(50_000)
        }
        #expect(try program.wait() == .exited(0), "\(program.log)")
        let text = try String(contentsOfFile: output, encoding: .utf8)
        #expect(!text.contains("?"), "\(text)")
        for words in ["health    ok", "1 user", "1 subject", "1 pair", "relay-1", "connected", "stale", "bad_json", "GATEWAYS 1", "inbox"] {
            #expect(text.contains(words), "no \(words) in \(text)")
        }
        func words(_ label: String) -> [Substring] {
            text.split(separator: "\n").first { $0.hasPrefix(label) }?.split(separator: " ") ?? []
        }
        for label in ["commit", "ack"] { #expect(words(label).dropFirst().first != "-", "\(text)") }
        #expect(words("traffic").dropFirst().first != "0.0", "\(text)")
    }
}
