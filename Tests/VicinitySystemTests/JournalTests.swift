import CLinux
import Foundation
import Logging
import Testing

@testable import VicinitySystem

@Suite("The journal")
struct JournalTests {
    static let id = "0123456789abcdef0123456789abcdef"

    private static func datagram(_ message: String, id: String? = nil, _ fields: [String: String] = [:]) -> String {
        var metadata = fields.mapValues { Logger.MetadataValue.string($0) }
        metadata["MESSAGE_ID"] = id.map { .string($0) }
        let entry = LogEntry(level: .warning, message: message, metadata: metadata)
        return String(decoding: JournalDatagram(entry, identifier: "test").bytes, as: UTF8.self)
    }

    // MARK: - What is sent

    @Test("A message with a name: its sentence, its id, and each field with our prefix")
    func named() {
        #expect(
            Self.datagram("refused on ingest.sock: uid 7", id: Self.id, ["uid": "7", "socket": "ingest"]) == """
                PRIORITY=4
                SYSLOG_IDENTIFIER=test
                MESSAGE=refused on ingest.sock: uid 7
                MESSAGE_ID=\(Self.id)
                VICINITY_SOCKET=ingest
                VICINITY_UID=7

                """)
    }

    @Test("A message without a name has its fields in the line too")
    func unnamed() {
        #expect(
            Self.datagram("opened", ["connection": "7"])
                == "PRIORITY=4\nSYSLOG_IDENTIFIER=test\nMESSAGE=opened connection=7\nVICINITY_CONNECTION=7\n")
    }

    @Test("A line break forges no field: in the sentence it is escaped, in a field its length goes in front")
    func lineBreaks() {
        let text = Self.datagram("a\nMESSAGE_ID=b", id: Self.id, ["why": "c\n_UID=0"])
        #expect(text.contains("MESSAGE=a\\nMESSAGE_ID=b\n"))
        #expect(text.hasSuffix("VICINITY_WHY\n\u{8}\0\0\0\0\0\0\0c\n_UID=0\n"))
    }

    @Test(
        "Names of fields are such as the journal takes",
        arguments: [
            ("uid", "VICINITY_UID"), ("restart_needed", "VICINITY_RESTART_NEEDED"), ("took-ms", "VICINITY_TOOK_MS"),
            ("_uid", "VICINITY__UID"), ("7", "VICINITY_7"), ("", "VICINITY_"), ("ä", "VICINITY___"), ("a=b\nc", "VICINITY_A_B_C"),
            (String(repeating: "x", count: 100), "VICINITY_" + String(repeating: "X", count: 55)),
        ])
    func names(key: String, name: String) { #expect(JournalDatagram.name(of: key) == name) }

    @Test("Whatever is logged is one small datagram of whole characters")
    func bound() {
        let long = String(repeating: "ä", count: 100_000)
        let fields = Dictionary(uniqueKeysWithValues: (0..<100).map { ("key\($0)", long) })
        let text = Self.datagram(long, id: Self.id, fields)
        #expect(text.utf8.count < 100_000)
        #expect(!text.contains("\u{fffd}"))
        #expect(text.contains("ä…\nMESSAGE_ID="))
    }

    // MARK: - To whom

    /// A journal that reads when it is asked to, and what is left on the descriptor.
    private final class Listener {
        let path: String
        private let descriptor: CInt
        let pipe = Pipe()

        init() throws {
            path = "/tmp/vicinity-journal-\(UInt64.random(in: 0 ... .max))"
            descriptor = vicinity_unix_datagram_socket()
            try #require(descriptor >= 0 && vicinity_unix_bind(descriptor, path) == 0)
        }

        deinit {
            close(descriptor)
            unlink(path)
        }

        /// All that waits to be read, empty ones too.
        func datagrams() -> [String] {
            var found: [String] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 18)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count >= 0 else { return found }
                found.append(String(decoding: buffer.prefix(count), as: UTF8.self))
            }
        }

        func output(steady: @escaping @Sendable () -> Int64 = { 0 }) -> LogOutput {
            LogOutput(style: .journal, descriptor: pipe.fileHandleForWriting.fileDescriptor, journal: path, level: .trace, steady: steady)
        }

        func lines() throws -> String {
            try pipe.fileHandleForWriting.close()
            return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        }
    }

    private static func logger(_ output: LogOutput) -> Logger { Logger(label: "test") { _ in LineLogHandler(output: output) } }

    @Test("With the journal's socket, every message goes there and nothing to the descriptor")
    func socket() throws {
        let listener = try Listener()
        let logger = Self.logger(listener.output())
        logger.debug("one")
        logger.log(.error, id: Self.id, trouble: nil, "two", fields: ["why": "x"])
        let got = listener.datagrams()
        #expect(got.count == 2)
        #expect(got.first == "PRIORITY=7\nSYSLOG_IDENTIFIER=vicinityd\nMESSAGE=one\n")
        #expect(got.last == "PRIORITY=3\nSYSLOG_IDENTIFIER=vicinityd\nMESSAGE=two\nMESSAGE_ID=\(Self.id)\nVICINITY_WHY=x\n")
        #expect(try listener.lines() == "")
    }

    @Test("Where nobody listens, lines with their priority go to the descriptor; when somebody does, the socket is found")
    func absent() throws {
        let listener = try Listener()
        rename(listener.path, listener.path + "-away")
        let logger = Self.logger(listener.output())
        logger.log(.error, id: Self.id, trouble: nil, "one", fields: ["why": "x"])
        rename(listener.path + "-away", listener.path)
        logger.notice("two")
        #expect(listener.datagrams() == ["PRIORITY=5\nSYSLOG_IDENTIFIER=vicinityd\nMESSAGE=two\n"])
        #expect(try listener.lines() == "<3>one\n")
    }

    @Test("A socket that was made anew is found again")
    func renewed() throws {
        let output: LogOutput
        let path: String
        do {
            let listener = try Listener()
            path = listener.path
            output = LogOutput(style: .journal, descriptor: -1, journal: path)
            Self.logger(output).notice("one")
            #expect(listener.datagrams().count == 1)
        }
        let descriptor = vicinity_unix_datagram_socket()
        defer {
            close(descriptor)
            unlink(path)
        }
        try #require(vicinity_unix_bind(descriptor, path) == 0)
        Self.logger(output).notice("two")
        var buffer = [UInt8](repeating: 0, count: 1000)
        #expect(recv(descriptor, &buffer, buffer.count, 0) > 0)
    }

    @Test("A journal that does not read holds nobody up for long, and is told afterwards how much it missed")
    func stuck() throws {
        let listener = try Listener()
        let logger = Self.logger(listener.output())
        // Far more than its queue takes: if each waited, this test would not end.
        for number in 0..<20_000 { logger.notice("\(number)") }
        let taken = listener.datagrams()
        #expect(taken.count > 5 && taken.count < 20_000)
        logger.notice("and now")
        let after = listener.datagrams()
        let lost = 20_000 - taken.count
        #expect(after.count == 1)
        #expect(
            after.first?.contains("MESSAGE=and now (before it \(lost) messages were lost, which the journal did not take)") == true,
            "\(after)")
        #expect(after.first?.contains("VICINITY_LOST=\(lost)\n") == true, "\(after)")
        logger.notice("as ever")
        #expect(listener.datagrams() == ["PRIORITY=5\nSYSLOG_IDENTIFIER=vicinityd\nMESSAGE=as ever\n"])
    }

    @Test("The end waits until all has been read, but not for ever")
    func finish() async throws {
        let listener = try Listener()
        let output = listener.output()
        Self.logger(output).notice("last words")
        // Nobody reads.
        output.finish()
        #expect(listener.datagrams() == ["PRIORITY=5\nSYSLOG_IDENTIFIER=vicinityd\nMESSAGE=last words\n", ""])
    }

    // MARK: - Again and again

    @Test("Trouble that is told five times is summed up after that: once in a minute, and at the end")
    func repetition() throws {
        let listener = try Listener()
        let clock = Clock()
        let output = listener.output { clock.now }
        let logger = Self.logger(output)
        func refuse(_ times: Int, _ uid: Int) {
            for _ in 0..<times {
                logger.log(.warning, id: Self.id, trouble: "\(uid)", "refused: uid \(uid)", fields: ["uid": "\(uid)"])
            }
        }
        func messages() -> [String] {
            listener.datagrams().filter { !$0.isEmpty }.compactMap { datagram in
                datagram.split(separator: "\n").first { $0.hasPrefix("MESSAGE=") }.map { String($0.dropFirst(8)) }
            }
        }
        refuse(10, 7)
        refuse(2, 8)
        #expect(messages() == [String](repeating: "refused: uid 7", count: 5) + ["refused: uid 8", "refused: uid 8"])
        output.sumUp()
        #expect(messages() == [])
        clock.now = 60_000
        logger.notice("another")
        #expect(messages() == ["refused: uid 7 (5 more like it in 60 s)", "another"])
        refuse(3, 7)
        clock.now = 90_000
        output.sumUp()
        #expect(messages() == [])
        output.finish()
        #expect(messages() == ["refused: uid 7 (3 more like it in 30 s)"])
    }

    /// A clock that stands still until it is set.
    private final class Clock: @unchecked Sendable {
        // Only the test's own thread touches it.
        var now: Int64 = 0
    }
}
