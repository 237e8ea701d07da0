// A user and a subject whom nothing but a leak could make appear, through everything that the daemon does and says: where somebody is stands in no
// event, in no answer but an admin's, and in no line of the log; who they are stands in no line of the log at info and above.

import Foundation
import Testing
import VicinityClient

@Suite("Access: what is said of where somebody is")
struct CanaryTests {
    private static let user = "canary-user-7f3a"
    private static let subject = "canary-subject-9c1e"
    /// The digits of all positions that must not be seen, as they are after the point.
    private static let digits = ["9073412", "3914217", "9081523", "3925318", "9092634", "3936419", "9077745", "3917754"]
    private static let config = """
        fixes:
          max_speed: 300
        privacy:
          disclose: [hours]
          details_per_user: 2/1h

        """

    /// Walks past the subject, with mistakes of each sort on the way.
    private static let lines = [
        fix(user, 39.9073412, 116.3914217, 0), fix(user, 39.9081523, 116.3925318, 60_000, ",\"acc\":12"),
        fix(user, 39.9081523, 116.3925318, 60_000), fix(user, 39.9081523, 116.3925318, 61_000, ",\"acc\":500"),
        fix(user, 39.9092634, 116.3936419, 62_000, ",\"radius\":900"), fix(user, 39.9092634, 116.3936419, 63_000, ",\"radius\":800"),
        fix(user, 49.9092634, 116.3936419, 64_000), fix(user, 39.9092634, 116.3936419, 65_000),
        "{\"user\":\"\(user)\",\"lat\":91,\"lon\":116.3914217}",
        "{\"user\":\"\(user)\",\"lat\":39.9073412,\"lon\":116.3914217,\"ts\":9e15}",
        "{\"user\":\"\(user)\",\"lat\":39.9073412,\"lon\":116.3914217",
        "{\"user\":\"\(user)\\u0000\",\"lat\":39.9073412,\"lon\":116.3914217}",
        "{\"subject\":\"\(user)\",\"lat\":39.9073412,\"lon\":116.3914217}",
        "{\"user\":\"\(user)\",\"lat\":39.9073412,\"lon\":116.3914217,\"note\":\"\(String(repeating: "x", count: 70_000))\"}",
    ]

    /// Everything that anybody may ask of the user, with whether the answer may hold positions.
    private static let requests: [(method: String, params: String, isOpen: Bool)] = [
        ("status", "{}", false), ("users.get", "{\"user\":\"\(user)\"}", false),
        ("users.get", "{\"user\":\"\(user)\",\"position\":true}", true),
        ("nearby", "{\"user\":\"\(user)\"}", false), ("explain", "{\"user\":\"\(user)\"}", false),
        ("explain", "{\"user\":\"\(user)\",\"subject\":\"\(subject)\"}", false),
        ("details", "{\"user\":\"\(user)\",\"subject\":\"\(subject)\",\"purpose\":\"a test\"}", false),
        ("details", "{\"user\":\"\(user)\",\"subject\":\"\(subject)\",\"purpose\":\"a test\"}", false),
        ("details", "{\"user\":\"\(user)\",\"subject\":\"\(subject)\",\"purpose\":\"a test\"}", false),
        ("details", "{\"user\":\"\(user)\",\"subject\":\"nowhere\",\"purpose\":\"a test\"}", false),
        ("reports.create", "{\"user\":\"\(user)\",\"subject\":\"\(subject)\",\"kind\":\"tip\",\"text\":\"\(user) was here\"}", false),
        ("reports.list", "{}", false), ("subjects.get", "{\"id\":\"\(subject)\"}", true), ("subjects.list", "{}", true),
        ("subjects.suspend", "{\"id\":\"\(subject)\",\"reason\":\"a test\"}", false), ("audit.list", "{}", false),
        ("audit.verify", "{}", false),
        ("config.get", "{}", false), ("subscribers.list", "{}", false), ("users.forget", "{\"user\":7}", false),
        ("subjects.put", "{\"subjects\":[{\"id\":\"\(user)\",\"lat\":39.9077745,\"lon\":191}]}", false), ("metrics", "{}", false),
        ("map", "{}", false), ("map", "{\"west\":116,\"south\":39,\"east\":117,\"north\":40}", false),
    ]

    private func positions(in text: String) -> [String] { Self.digits.filter { text.contains($0) } }

    @Test("Positions are in no event and no answer but an admin's to look at them; the log at info has neither them nor ids")
    func canaries() throws {
        let daemon = try Daemon.running(config: Self.config)
        let subject = "{\"id\":\"\(Self.subject)\",\"lat\":39.9077745,\"lon\":116.3917754,\"details\":{\"hours\":\"8-18\"}}"
        try daemon.result("subjects.put", "{\"subjects\":[\(subject)]}")
        let (relay, _) = try daemon.subscribe("{\"name\":\"relay-1\",\"after\":0}")

        let gateway = try daemon.connect("ingest")
        try gateway.send(Self.lines.joined(separator: "\n") + "\n")
        gateway.endOutput()
        let answers = try gateway.linesToEnd()
        #expect(answers.count > 6, "\(answers)")
        // What a gateway said is told to that gateway alone, and even then not where somebody is.
        for answer in answers { #expect(positions(in: answer).isEmpty, "\(answer)") }

        var seen = 0
        for request in Self.requests {
            let answer = try daemon.call(request.method, request.params).text
            if request.isOpen {
                seen += positions(in: answer).isEmpty ? 0 : 1
            } else {
                #expect(positions(in: answer).isEmpty, "\(request): \(answer)")
            }
        }
        #expect(seen >= 2, "an admin who asks for positions gets them, so that these digits are what would be seen")

        try daemon.ingest(["{\"user\":\"\(Self.user)\",\"gone\":true,\"ts\":\(noon + 90_000)}"])
        let head = try daemon.range().head
        #expect(head >= 2)
        for _ in 0..<head {
            let line = try relay.nextLine()
            #expect(line.contains("\"seq\":") && positions(in: line).isEmpty, "\(line)")
        }

        try daemon.write(config: "privacy:\n  precision: -1\n")
        _ = try daemon.call("config.reload")
        try daemon.write(config: Self.config)
        try daemon.crash()
        try daemon.start()
        try daemon.stop()
        let log = try String(contentsOfFile: "\(daemon.directory)/log", encoding: .utf8)
        #expect(log.split(separator: "\n").count > 5, "\(log)")
        #expect(!log.contains(Self.user) && !log.contains("canary-"), "\(log)")
        #expect(positions(in: log).isEmpty, "\(log)")
    }

    @Test("Whatever fails, at the finest level too: the log has no position, and no id at info and above")
    func failures() throws {
        let daemon = try Daemon.running(config: Self.config + "log_level: trace\n")
        try daemon.put([Self.subject], latitude: 39.9077745, longitude: 116.3917754)
        try daemon.ingest(Self.lines)
        try daemon.stop()
        let path = "\(daemon.statePath)/vicinity.db"
        let sound = try Data(contentsOf: URL(filePath: path))
        // Beside each place where the file says who it is about, a few bits are turned: what the daemon then says it says of that row.
        var places: [Int] = []
        for name in [Self.user, Self.subject] {
            var rest = sound.startIndex..<sound.endIndex
            while let found = sound.range(of: Data(name.utf8), in: rest) {
                places.append(found.lowerBound)
                rest = found.upperBound..<sound.endIndex
            }
        }
        #expect(places.count > 2, "the state has who and where, so that there is something to tell")
        for place in places.prefix(8) {
            var damaged = sound
            for byte in place - 12..<place + 3 { damaged[byte] ^= 0x55 }
            try damaged.write(to: URL(filePath: path))
            do {
                try daemon.start()
            } catch is Failure {
                continue
            }
            // What is wrong may be met by who reads only.
            _ = try? daemon.events()
            _ = try daemon.call("subjects.get", "{\"id\":\"\(Self.subject)\"}")
            try daemon.write(config: "privacy:\n  precision: -1\n")
            _ = try daemon.call("config.reload")
            try daemon.write(config: Self.config + "log_level: trace\n")
            try daemon.crash()
        }
        let log = try String(contentsOfFile: "\(daemon.directory)/log", encoding: .utf8)
        #expect(log.contains("damaged"), "something was wrong, and was told")
        #expect(positions(in: log).isEmpty, "\(log)")
        for line in log.split(separator: "\n") where !line.contains(" debug ") && !line.contains(" trace ") {
            #expect(!line.contains("canary-"), "\(line)")
        }
    }
}
