import Foundation
import Logging
import Testing

@testable import VicinitySystem

struct LogTests {
    /// A logger and what it has written so far.
    private final class Log {
        let output: LogOutput
        private let pipe = Pipe()

        init(_ style: LogOutput.Style, level: Logger.Level = .trace) {
            output = LogOutput(
                style: style, descriptor: pipe.fileHandleForWriting.fileDescriptor, level: level, now: { 1_732_290_000_007 })
        }

        func logger() -> Logger { Logger(label: "test") { _ in LineLogHandler(output: output) } }

        func text() throws -> String {
            try pipe.fileHandleForWriting.close()
            return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        }
    }

    @Test func plainLines() throws {
        let log = Log(.plain)
        var logger = log.logger()
        logger.info("listening", metadata: ["socket": "/run/vicinity/ingest.sock", "backlog": "4096"])
        logger[metadataKey: "connection"] = "7"
        logger.warning("refused", metadata: ["why": "no role", "said": "a \"b\" c=d", "empty": "", "path": "C:\\x"])
        logger.error("two\nlines\u{1b}[31m", metadata: ["key": "a\tb\u{0}", "connection": "8"])
        #expect(
            try log.text() == """
                2024-11-22T15:40:00.007Z info listening backlog=4096 socket=/run/vicinity/ingest.sock
                2024-11-22T15:40:00.007Z warning refused connection=7 empty="" path="C:\\\\x" said="a \\"b\\" c=d" why="no role"
                2024-11-22T15:40:00.007Z error two\\nlines\\u{1b}[31m connection=8 key=a\\tb\\u{0}

                """)
    }

    @Test func journalLinesBeginWithTheirPriority() throws {
        let log = Log(.journal)
        let logger = log.logger()
        logger.trace("t")
        logger.debug("d")
        logger.info("i")
        logger.notice("n", metadata: ["key": "ä ö"])
        logger.warning("w")
        logger.error("e")
        logger.critical("c")
        #expect(try log.text() == "<7>t\n<7>d\n<6>i\n<5>n key=\"ä ö\"\n<4>w\n<3>e\n<2>c\n")
    }

    @Test func aMessageWithANameSaysItsFieldsItself() throws {
        let log = Log(.plain)
        log.logger().log(.notice, id: "0123456789abcdef0123456789abcdef", trouble: "x", "ready: 3 users", fields: ["users": "3"])
        #expect(try log.text() == "2024-11-22T15:40:00.007Z notice ready: 3 users\n")
    }

    @Test func theLevelChangesForAllLoggersAtOnceUnlessOneHasItsOwn() throws {
        let log = Log(.journal, level: .info)
        let first = log.logger()
        var second = log.logger()
        second.logLevel = .error
        first.debug("1")
        log.output.level = .debug
        first.debug("2")
        second.debug("3")
        second.error("4")
        #expect(try log.text() == "<7>2\n<3>4\n")
    }

    @Test func linesOfManyThreadsDoNotMix() async throws {
        let log = Log(.journal)
        let logger = log.logger()
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask { for line in 0..<50 { logger.info("\(worker):\(line):\(String(repeating: "x", count: 100))") } }
            }
        }
        let lines = try log.text().split(separator: "\n").sorted()
        let expected = (0..<8).flatMap { worker in (0..<50).map { "<6>\(worker):\($0):\(String(repeating: "x", count: 100))" } }.sorted()
        #expect(lines.map(String.init) == expected)
    }

    @Test func theJournalIsKnownByItsFile() throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        var found = stat()
        fstat(descriptor, &found)
        #expect(LogOutput.isStream("\(found.st_dev):\(found.st_ino)", descriptor))
        #expect(!LogOutput.isStream("\(found.st_dev):\(found.st_ino + 1)", descriptor))
        #expect(!LogOutput.isStream("", descriptor))
        #expect(LogOutput(standardErrorIn: [:]).style == .plain)
        #expect(LogOutput(standardErrorIn: ["JOURNAL_STREAM": "1:1"]).style == .plain)
    }
}
