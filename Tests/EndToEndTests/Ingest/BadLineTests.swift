import Foundation
import Testing
import VicinityClient

@Suite("Ingest: bad lines")
struct BadLineTests {
    /// Each code of the contract, in its order, with lines that deserve it; where two codes apply the earlier one counts.
    private static let bad: [(code: String, lines: [[UInt8]])] = [
        (
            "line_too_long",
            [
                Array("{\"user\":\"u\",\"lat\":0,\"lon\":0,\"x\":\"".utf8) + Array(repeating: UInt8(ascii: "x"), count: 65_536)
                    + Array("\"}".utf8),
                Array(repeating: 0xFF, count: 65_537),
            ]
        ),
        (
            "bad_utf8",
            [
                Array("{\"user\":\"".utf8) + [0xC3] + Array("\",\"lat\":0,\"lon\":0}".utf8), Array("{".utf8) + [0xFF],
                text(#"{"user":"u","lat":0,"lon":0,"x":"\ud800"}"#),
                Array("{\"user\":\"u\",\"lat\":0,\"lon\":0,\"x\":\"".utf8) + [0xED, 0xA0, 0x80, 0x22, 0x7D],
            ]
        ),
        (
            "bad_json",
            [
                text("{"), text("[]"), text("1"), text(#"{"user":"u","lat":0,"lon":0}}"#),
                text(#"{"user":"u","user":"u","lat":0,"lon":0}"#),
                text(#"{"user":"u","lat":00,"lon":0}"#), text(#"{"user":"u","lat":0,"lon":0,}"#), text(#"{"user":"u","lat":NaN,"lon":0}"#),
            ]
        ),
        (
            "missing_key",
            [
                text("{}"), text(#"{"lat":0,"lon":0}"#), text(#"{"user":"u","lon":0}"#), text(#"{"user":"u","lat":0}"#),
                text(#"{"user":null,"lat":0,"lon":0}"#),
            ]
        ),
        (
            "bad_type",
            [
                text(#"{"user":"u","subject":"s","lat":0,"lon":0}"#), text(#"{"subject":"s","gone":true}"#),
                text(#"{"user":7,"lat":0,"lon":0}"#),
                text(#"{"user":"u","lat":"0","lon":0}"#), text(#"{"user":"u","lat":0,"lon":0,"ts":"now"}"#),
                text(#"{"user":"u","lat":0,"lon":0,"gone":1}"#),
            ]
        ),
        (
            "bad_id",
            [
                text(#"{"user":"","lat":0,"lon":0}"#), text(#"{"user":"a\u0007","lat":0,"lon":0}"#),
                text(#"{"user":"\u0085","lat":0,"lon":0}"#),
                text("{\"user\":\"\(String(repeating: "ü", count: 65))\",\"lat\":99,\"lon\":0}"),
            ]
        ),
        (
            "bad_latitude",
            [
                text(#"{"user":"u","lat":90.0000001,"lon":0}"#), text(#"{"user":"u","lat":1e400,"lon":0}"#),
                text(#"{"user":"u","lat":-91,"lon":999}"#),
            ]
        ),
        ("bad_longitude", [text(#"{"user":"u","lat":0,"lon":180.5}"#), text(#"{"user":"u","lat":0,"lon":-1e400,"acc":-1}"#)]),
        ("bad_accuracy", [text(#"{"user":"u","lat":0,"lon":0,"acc":-1}"#), text(#"{"user":"u","lat":0,"lon":0,"acc":1e999}"#)]),
        ("bad_radius", [text(#"{"user":"u","lat":0,"lon":0,"radius":49}"#), text(#"{"user":"u","lat":0,"lon":0,"radius":50001}"#)]),
        (
            "bad_timestamp",
            [
                text(#"{"user":"u","lat":0,"lon":0,"ts":-1}"#), text(#"{"user":"u","lat":0,"lon":0,"ts":1.5}"#),
                text(#"{"user":"u","lat":0,"lon":0,"ts":9007199254740992}"#), text(#"{"user":"u","gone":true,"ts":0.1}"#),
            ]
        ),
        ("unknown_subject", [text(#"{"subject":"nobody","lat":0,"lon":0,"ts":1}"#)]),
        (
            "future_fix",
            [text(#"{"user":"u","lat":0,"lon":0,"ts":9007199254740991}"#), text(#"{"user":"u","gone":true,"ts":9007199254740991}"#)]
        ),
    ]

    private static func text(_ line: String) -> [UInt8] { Array(line.utf8) }

    @Test("Every code, by its line, between good lines that count")
    func everyCode() throws {
        let daemon = try Daemon.running()
        var bytes: [UInt8] = []
        var expected: [Answer] = []
        var line: Int64 = 0
        var good: Int64 = 0
        for (code, lines) in Self.bad {
            for bad in lines {
                bytes += Array((fix("good", near, 0, good) + "\n").utf8) + bad + [0x0A]
                good += 1
                line += 2
                expected.append(.error(line: line, code: code))
            }
        }
        bytes += Array((fix("good", near, 0, good) + "\n").utf8)
        let socket = try daemon.connect("ingest")
        try socket.send(bytes)
        socket.endOutput()
        let answers = try socket.linesToEnd().map(Answer.init)
        answers.expectOrder(lines: line + 1)
        #expect(answers.errors.count == expected.count)
        for (answer, due) in zip(answers.errors, expected) { #expect(answer == due) }
        #expect(try daemon.fixes("accepted") == good + 1)
        #expect(try daemon.fixes("invalid") == Int64(expected.count))
        #expect(try daemon.result("status")["users"]?.integer == 1, "a bad line changes nothing")
    }

    @Test("A bad line lets the connection live, and its error comes without waiting for the end")
    func livesOn() throws {
        let daemon = try Daemon.running()
        let socket = try daemon.connect("ingest")
        try socket.send("nonsense\n")
        #expect(try Answer(try socket.nextLine()) == .error(line: 1, code: "bad_json"))
        #expect(try Answer(try socket.nextLine()) == .ack(1))
        try socket.send(fix("u", near, 0, 0) + "\n")
        #expect(try Answer(try socket.nextLine()) == .ack(2))
    }

    @Test("Past the budget errors are summed up, and all counts add up", arguments: [100, 101, 30_000])
    func budget(bad: Int) throws {
        let daemon = try Daemon.running()
        let lines = (0..<bad).flatMap { ["{\"user\":\"u\",\"lat\":91,\"lon\":0}", fix("u", near, 0, Int64($0))] }
        let answers = try daemon.ingest(lines)
        answers.expectOrder(lines: Int64(2 * bad))
        #expect(answers.badLines == Int64(bad))
        #expect(answers.errors.count >= 100, "so many in a second are told one by one")
        if bad == 100 { #expect(answers.errors.count == 100) }
        if bad > 10_000 { #expect(answers.errors.count < bad) }
        for case .errors(let from, let to, _) in answers {
            #expect(from % 2 == 1 && to % 2 == 1, "the first and the last are bad ones themselves")
        }
        #expect(try daemon.fixes("invalid") == Int64(bad))
        #expect(try daemon.fixes("accepted") == Int64(bad))
    }

    @Test("64 MiB without a newline are one bad line, and cost no memory")
    func endlessLine() throws {
        let daemon = try Daemon.running()
        let program = try #require(daemon.program)
        let socket = try daemon.connect("ingest")
        try socket.send(fix("u", near, 0, 0) + "\n")
        #expect(try Answer(try socket.nextLine()) == .ack(1))
        let before = try program.residentBytes()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        var most = 0
        for _ in 0..<64 {
            try socket.send(piece)
            most = max(most, try program.residentBytes())
        }
        #expect(most - before < 16 << 20, "\(most - before) bytes more than before")
        try socket.send("\n" + fix("u", near, 0, 1) + "\n")
        socket.endOutput()
        let answers = try socket.linesToEnd().map(Answer.init)
        #expect(answers.errors == [.error(line: 2, code: "line_too_long")])
        answers.expectOrder(lines: 3)
        #expect(try daemon.fixes("accepted") == 2)
    }

    @Test("A line of 65,536 bytes is a line, one more is too long")
    func longestLine() throws {
        let daemon = try Daemon.running()
        let frame = fix("u", near, 0, 0, ",\"x\":\"\"")
        let answers = try daemon.ingest(
            [0, 1].map { extra in
                fix("u", near, 0, 0, ",\"x\":\"" + String(repeating: "x", count: 65_536 - frame.utf8.count + extra) + "\"")
            })
        #expect(answers.errors == [.error(line: 2, code: "line_too_long")])
        #expect(try daemon.fixes("accepted") == 1)
    }
}
