import Foundation
import Testing

@Suite("Life: its memory stays its own")
struct CoreDumpTests {
    @Test("It leaves no core dump, whatever it was allowed: its memory holds where everybody is")
    func limit() throws {
        // A core would lie where it was started; Swift's own handler of crashes would keep it from being killed.
        let daemon = try Daemon.running(prelude: "ulimit -c unlimited; export SWIFT_BACKTRACE=enable=no; cd \"${2%/*}\"")
        let pid = try #require(daemon.program?.pid)
        let limits = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8)
        let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
        #expect(line.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"], "\(line)")
        let program = try #require(daemon.program)
        program.signal(SIGSEGV)
        #expect(try program.wait() == .killed(signal: SIGSEGV))
        #expect(!program.dumpedCore)
    }

    @Test("Other processes of its user do not read its memory either, and a core that is piped to a program is none")
    func dumpable() throws {
        try Peer.requireRoot()
        let own: UInt32 = 64_002
        let daemon = try Daemon(prelude: "exec setpriv --reuid=\(own) --regid=\(own) --clear-groups \"$0\" \"$@\"")
        guard chown(daemon.directory, own, own) == 0 else { throw Failure("chown: \(String(cString: strerror(errno)))") }
        try daemon.start()
        let pid = try #require(daemon.program?.pid)
        func owner(_ path: String) throws -> UInt32 {
            var status = stat()
            guard stat(path, &status) == 0 else { throw Failure("\(path): \(String(cString: strerror(errno)))") }
            return status.st_uid
        }
        // So proc(5) shows that the dumpable flag is off: what is in the directory of the process belongs to root.
        #expect(try owner("/proc/\(pid)") == own)
        #expect(try owner("/proc/\(pid)/mem") == 0)
    }
}
