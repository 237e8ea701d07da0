// What a signal does to a change of the register, at each step of it.

import Foundation
import Synchronization
import Testing

@testable import VicinityClient

/// A signal that comes when a test says so.
final class Interruption: Sendable {
    let signals: Signals
    private let output: CInt

    init() throws {
        var ends: [CInt] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
        signals = Signals(descriptor: ends[0])
        output = ends[1]
    }

    deinit {
        close(output)
        close(signals.descriptor)
    }

    func come() { shutdown(output, Int32(SHUT_WR)) }
}

@Suite(.timeLimit(.minutes(1))) struct InterruptionTests {
    let directory: TemporaryDirectory
    let captured: CapturedConsole
    let interruption: Interruption

    init() throws {
        directory = try TemporaryDirectory()
        captured = try CapturedConsole()
        interruption = try Interruption()
    }

    /// What the daemon does with a request.
    private enum Reaction: Equatable {
        case answer, silence, refusal, cut
    }

    /// A daemon whose operator loses patience when it gets a request.
    ///
    /// - Parameters:
    ///   - request: the number of the request with which the signal comes, from 1.
    ///   - reactions: to others than those, to methods: an answer.
    private func daemon(
        interruptedBy request: Int, _ reactions: [String: Reaction] = [:]
    ) throws -> FakeDaemon {
        try FakeDaemon("\(directory.path)/control.sock") { [interruption] peer, _, record in
            var count = 0
            while let line = peer.readLine() {
                guard let message = try? JSONValue(parsing: line), let method = message["method"]?.string else { return }
                record(method)
                count += 1
                if count == request {
                    interruption.come()
                    // Seen before the answer.
                    usleep(100_000)
                }
                let result =
                    switch method {
                    case "subjects.list": #"{"subjects":[{"id":"old","lat":0,"lon":0}]}"#
                    case "subjects.replace_begin": #"{"generation":7}"#
                    case "subjects.replace_commit": #"{"subjects":1200}"#
                    default: "{}"
                    }
                let head = #"{"jsonrpc":"2.0","id":\#(message["id"]?.text ?? "null"),"#
                switch reactions[method] ?? .answer {
                case .answer: peer.write(#"\#(head)"result":\#(result)}"#)
                case .refusal: peer.write(#"\#(head)"error":{"code":-32000,"message":"no"}}"#)
                case .silence: break
                case .cut: return
                }
            }
        }
    }

    private func register(_ count: Int) throws -> RegisterSource {
        let lines = (0..<count).map { #"{"id":"s-\#($0)","lat":1,"lon":2}"# }
        let file = try directory.write(lines.joined(separator: "\n"), to: "r.ndjson")
        return RegisterSource(socketDirectory: directory.path, paths: [file])
    }

    private func told(_ body: () throws(ClientFault) -> Void) -> String? {
        do throws(ClientFault) {
            try body()
            return nil
        } catch {
            guard case .interrupted(let why) = error else { return "\(error)" }
            return why
        }
    }

    // MARK: - A call

    @Test("A question is given up at once, a change is waited for a moment, and what is answered late is passed over")
    func call() throws {
        let daemon = try FakeDaemon("\(directory.path)/control.sock") { peer, _, record in
            let lines = (0..<3).compactMap { _ in peer.readLine() }
            record("\(lines.count)")
            for id in 1...3 { peer.write(#"{"jsonrpc":"2.0","id":\#(id),"result":\#(id)}"#) }
        }
        var control = try ControlClient(socketDirectory: directory.path, interrupts: interruption.signals)
        interruption.come()
        let question = told { () throws(ClientFault) in _ = try control.call("a") }
        #expect(question == "interrupted")
        let change = told { () throws(ClientFault) in _ = try control.call("b", farewell: ControlClient.Farewell(patience: 50)) }
        #expect(change == "interrupted, and no answer to b within 50 ms")
        #expect(try control.call("c", farewell: .brief) == .number("3"))
        daemon.join()
    }

    // MARK: - Import

    private func importAll(_ source: RegisterSource) -> String? {
        told { () throws(ClientFault) in
            var run = RegisterImport(source, console: captured.console, interrupts: interruption.signals)
            try run.run()
        }
    }

    @Test("An import takes the answer that is due, asks for no more, and says how far it came")
    func importing() throws {
        let daemon = try daemon(interruptedBy: 2)
        #expect(try importAll(register(3_500)) == "interrupted; 2,000 subjects imported")
        daemon.join()
        #expect(daemon.lines == ["subjects.put", "subjects.put"])
    }

    @Test("Who interrupts the last request has everything imported")
    func importedAll() throws {
        let daemon = try daemon(interruptedBy: 2)
        #expect(try importAll(register(2_000)) == nil)
        daemon.join()
        #expect(try captured.out == "2,000 subjects imported\n")
    }

    @Test("Nothing is asked for if the signal comes while files are checked, or while a pipe is waited for")
    func nothingIsImported() throws {
        interruption.come()
        #expect(try importAll(register(1_000)) == "interrupted; nothing was imported")
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let pipe = RegisterSource(socketDirectory: directory.path, paths: ["/dev/fd/\(ends[0])"])
        #expect(importAll(pipe) == "interrupted; nothing was imported")
    }

    // MARK: - Replace

    private func replace(_ source: RegisterSource) -> String? {
        told { () throws(ClientFault) in
            try RegisterReplacement(source, isMeant: true, console: captured.console, interrupts: interruption.signals).run()
        }
    }

    private static let unchanged = "interrupted; the register is as it was"

    @Test("Up to the swap the daemon is told to forget what was brought", arguments: 2...5)
    func replacing(request: Int) throws {
        let daemon = try daemon(interruptedBy: request)
        #expect(try replace(register(1_200)) == Self.unchanged)
        daemon.join()
        let puts = Array(repeating: "subjects.put", count: request - 2)
        #expect(daemon.lines == ["subjects.list", "subjects.replace_begin"] + puts + ["subjects.replace_abort"])
    }

    @Test("While it compares there is nothing to forget")
    func comparing() throws {
        let daemon = try daemon(interruptedBy: 1, ["subjects.list": .silence])
        #expect(try replace(register(1_200)) == Self.unchanged)
        daemon.join()
        #expect(daemon.lines == ["subjects.list"])
        #expect(try captured.out.isEmpty)
    }

    @Test("A daemon that does not forget is told of")
    func notForgotten() throws {
        let daemon = try daemon(interruptedBy: 3, ["subjects.replace_abort": .refusal])
        #expect(try replace(register(1_200))?.hasPrefix("\(Self.unchanged), but the daemon has not confirmed that it forgot") == true)
        daemon.join()
    }

    @Test("A swap that is asked for is waited for, and told as what it is")
    func swapped() throws {
        let daemon = try daemon(interruptedBy: 6)
        #expect(try replace(register(1_200)) == nil)
        daemon.join()
        #expect(daemon.lines.suffix(2) == ["subjects.put", "subjects.replace_commit"])
        #expect(try captured.out.hasSuffix("the register has 1,200 subjects now\n"))
    }

    @Test("Nobody is told that the register is as it was when the daemon went away over the swap")
    func unknown() throws {
        let daemon = try daemon(interruptedBy: 6, ["subjects.replace_commit": .cut])
        let why = try #require(try replace(register(1_200)))
        daemon.join()
        #expect(why.contains("nobody knows whether the register was replaced"))
        #expect(daemon.lines.last == "subjects.replace_commit")
    }
}
