import Foundation
import Testing
import VicinityClient

@Suite("vicinityctl subjects replace")
struct ReplaceTests {
    private let daemon: Daemon
    private let file: String

    init() throws {
        daemon = try Daemon.running()
        file = "\(daemon.directory)/register.ndjson"
        let put = """
            {"subjects":[{"id":"same","lat":0.50,"lon":0,"details":{"a":1,"b":[2.0]}},{"id":"goes","lat":0,"lon":0},\
            {"id":"moves","lat":0,"lon":0}]}
            """
        try daemon.result("subjects.put", put)
        try write(
            #"{"id":"same","lat":5e-1,"lon":0.0,"details":{"b":[2],"a":1.0}}"#, #"{"id":"moves","lat":1,"lon":0}"#,
            #"{"id":"comes","lat":0,"lon":0}"#)
    }

    private func write(_ lines: String...) throws {
        try (lines.joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    }

    private func replace(_ arguments: String...) throws -> (ending: Ending, out: String, err: String) {
        let program = try Program(
            try Program.path(of: "vicinityctl"),
            arguments: ["subjects", "replace", "--socket-dir", daemon.runtimePath] + arguments + [file],
            log: "\(daemon.directory)/err", output: "\(daemon.directory)/out")
        let ending = try program.wait()
        return (ending, try String(contentsOfFile: "\(daemon.directory)/out", encoding: .utf8), program.log)
    }

    private func ids() throws -> [String] {
        try daemon.result("subjects.list")["subjects"]?.array?.compactMap { $0["id"]?.string } ?? []
    }

    @Test("It shows what would change, and does it only when that is meant")
    func shownFirst() throws {
        let shown = try replace()
        #expect(shown.ending == .exited(0))
        #expect(
            shown.out == """
                1 subject more, 1 fewer, 1 changed, 1 the same
                nothing was changed; replace the register with --yes

                """)
        #expect(try ids() == ["goes", "moves", "same"])
        let done = try replace("--yes")
        #expect(done.ending == .exited(0), "\(done.err)")
        #expect(
            done.out == """
                1 subject more, 1 fewer, 1 changed, 1 the same
                the register has 3 subjects now

                """)
        #expect(try ids() == ["comes", "moves", "same"])
        #expect(try replace().out.hasPrefix("0 subjects more, 0 fewer, 0 changed, 3 the same\n"))
    }

    @Test("An id that is there twice, or a bad record, and nothing is done")
    func badFiles() throws {
        try write(#"{"id":"a","lat":0,"lon":0}"#, #"{"id":"b","lat":91,"lon":0}"#, #"{"id":"a","lat":1,"lon":0}"#)
        let run = try replace("--yes")
        #expect(run.ending == .exited(65))
        #expect(run.err.contains("register.ndjson:2: lat is 91"))
        #expect(run.err.contains("register.ndjson:3: the id \"a\" is there already"))
        #expect(run.err.contains("so nothing was replaced"))
        #expect(try ids() == ["goes", "moves", "same"])
    }

    @Test("Another edition is being brought: it is left alone, and so is the register")
    func inUse() throws {
        let generation = try #require(try daemon.result("subjects.replace_begin", "{}")["generation"]?.integer)
        let run = try replace("--yes")
        #expect(run.ending != .exited(0) && run.err.contains("generation \(generation)"))
        #expect(try daemon.result("subjects.replace_abort", "{\"generation\":\(generation)}").text == "{}")
        #expect(try ids() == ["goes", "moves", "same"])
    }

    @Test("What the daemon refuses is named by its line, and no edition stays behind")
    func refused() throws {
        try write(#"{"id":"a","lat":0,"lon":0}"#, #"{"id":"b","lat":0,"lon":0,"valid_from":9,"valid_until":9}"#)
        let run = try replace("--yes")
        #expect(run.ending != .exited(0))
        #expect(run.err.contains("register.ndjson:2: the daemon refused the subject"))
        #expect(try ids() == ["goes", "moves", "same"])
        #expect(try daemon.result("subjects.replace_begin", "{}")["generation"] != nil)
    }
}
