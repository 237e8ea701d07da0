import Foundation
import Testing

@testable import VicinitySystem

struct InstanceLockTests {
    @Test func aSecondHolderIsRefusedAndToldWhoHoldsIt() throws {
        let directory = try TemporaryDirectory()
        let path = directory(InstanceLock.fileName)
        let lock = try InstanceLock(stateDirectory: directory.path)
        #expect(permissions(path) == 0o600)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "\(getpid())\n")
        #expect(throws: InstanceLock.Refusal.held(path: path, process: getpid())) {
            _ = try InstanceLock(stateDirectory: directory.path)
        }
        // Refused, it changed nothing.
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "\(getpid())\n")
        _ = consume lock
    }

    @Test func itIsGivenBackAtTheEnd() throws {
        let directory = try TemporaryDirectory()
        for _ in 0..<3 {
            let lock = try InstanceLock(stateDirectory: directory.path)
            _ = consume lock
        }
        #expect(permissions(directory(InstanceLock.fileName)) == 0o600)
    }

    @Test func anotherProcessSeesIt() throws {
        let directory = try TemporaryDirectory()
        let lock = try InstanceLock(stateDirectory: directory.path)
        let other = Process()
        other.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        other.arguments = ["--nonblock", "--conflict-exit-code", "75", directory(InstanceLock.fileName), "true"]
        try other.run()
        other.waitUntilExit()
        #expect(other.terminationStatus == 75)
        _ = consume lock
    }

    @Test func aHolderThatIsKilledLeavesNoLock() throws {
        let directory = try TemporaryDirectory()
        let path = directory(InstanceLock.fileName)
        let holder = Process()
        let said = Pipe()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        // One process: the lock, its pid in the file as a daemon has it, and then a wait.
        holder.arguments = ["--no-fork", path, "sh", "-c", "echo $$ > '\(path)'; echo held; exec sleep 600"]
        holder.standardOutput = said
        try holder.run()
        #expect(try said.fileHandleForReading.read(upToCount: 4) == Data("held".utf8))
        #expect(throws: InstanceLock.Refusal.held(path: path, process: holder.processIdentifier)) {
            _ = try InstanceLock(stateDirectory: directory.path)
        }
        kill(holder.processIdentifier, SIGKILL)
        holder.waitUntilExit()
        let lock = try InstanceLock(stateDirectory: directory.path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "\(getpid())\n")
        _ = consume lock
    }

    @Test func aLinkIsNotFollowed() throws {
        let directory = try TemporaryDirectory()
        let path = directory(InstanceLock.fileName)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: directory("elsewhere"))
        #expect(throws: InstanceLock.Refusal.system(path: path, code: ELOOP)) { _ = try InstanceLock(stateDirectory: directory.path) }
        #expect(permissions(directory("elsewhere")) == nil)
    }
}
