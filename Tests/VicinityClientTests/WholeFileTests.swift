import Foundation
import Glibc
import Synchronization
import Testing

@testable import VicinityClient

@Suite(.timeLimit(.minutes(1))) struct WholeFileTests {
    /// Whether a thread holds SIGINT and SIGTERM back.
    private func holdsSignalsBack(_ thread: String) throws -> Bool {
        let status = try String(contentsOfFile: "/proc/\(thread)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") })
        let mask = try #require(UInt64(line.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16))
        return [SIGINT, SIGTERM].allSatisfy { mask & (1 << UInt64($0 - 1)) != 0 }
    }

    @Test("As long as there is a draft, no signal ends the process, and afterwards it may")
    func draft() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/map.svg"
        let draft = "\(path).\(getpid()).new"
        let text = String(repeating: "x", count: 128 << 20)
        let (written, seen) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let writer = Mutex("")
        let thread = Thread {
            let name = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
            writer.withLock { $0 = name ?? "" }
            var none = sigset_t()
            sigemptyset(&none)
            pthread_sigmask(SIG_SETMASK, &none, nil)
            try? WholeFile.write(text, to: path)
            written.signal()
            seen.wait()
        }
        thread.start()
        var looks = 0
        while written.wait(timeout: .now()) == .timedOut {
            guard access(draft, F_OK) == 0 else { continue }
            let holds = try holdsSignalsBack(writer.withLock { $0 })
            guard access(draft, F_OK) == 0 else { continue }
            #expect(holds)
            looks += 1
        }
        #expect(looks > 0)
        #expect(try !holdsSignalsBack(writer.withLock { $0 }))
        seen.signal()
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int == text.utf8.count)
    }
}
