import Foundation
import Testing
import VicinityClient

/// The session in vicinity-protocol(7), played with the daemon.
@Suite("The session in the manual")
struct ManualSessionTests {
    /// One line of it.
    struct Step {
        let socket: String
        let isSent: Bool
        var text: String
    }

    @Test func theSessionIsWhatHappens() throws {
        let steps = try Self.steps()
        #expect(steps.count(where: \.isSent) > 4 && steps.count { !$0.isSent } > 4)
        let daemon = try Daemon.running(config: "privacy: { profile: places }\n")
        var sockets: [String: LineSocket] = [:]
        for step in steps {
            let socket = try sockets[step.socket] ?? daemon.connect(step.socket)
            sockets[step.socket] = socket
            if step.isSent {
                try socket.send(step.text + "\n")
            } else {
                // What differs each time is told as "...".
                let parts = step.text.components(separatedBy: "...")
                let line = try socket.nextLine()
                #expect(line.hasPrefix(parts[0]) && line.hasSuffix(parts[parts.count - 1]), "\(line) is not \(step.text)")
                if parts.count == 1 { #expect(line == step.text) }
            }
        }
        // The last line was an ack.
        try daemon.waitUntilAcked("relay-1", 2)
    }

    /// `SOCKET > TEXT` or `SOCKET < TEXT`, in code; what is indented deeper goes on with the line before.
    private static func steps() throws -> [Step] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let page = try String(contentsOf: root.appending(path: "docs/man/vicinity-protocol.7.md"), encoding: .utf8)
        let section = try #require(page.components(separatedBy: "\n## A SESSION\n").last?.components(separatedBy: "\n## ").first)
        var steps: [Step] = []
        for line in section.split(separator: "\n") where line.hasPrefix("    ") {
            if let match = line.wholeMatch(of: /\ {4}(?<socket>[a-z]+) +(?<way>[<>]) (?<text>.+)/) {
                let output = match.output
                steps.append(Step(socket: String(output.socket), isSent: output.way == ">", text: String(output.text)))
            } else {
                let last = try #require(steps.indices.last)
                steps[last].text += line.drop { $0 == " " }
            }
        }
        return steps
    }
}
