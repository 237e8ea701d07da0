// What these tests ask of the machine beyond a daemon: a small disk, another program. Where it cannot be had, a test says so and is skipped.

import Foundation
import Testing

/// What can be had here.
enum Machine {
    /// Whether a file system can be mounted: for root, unless a container forbids it.
    static let canMount = geteuid() == 0 && probe { directory in _ = try Disk(megabytes: 1, at: directory) }

    /// Whether an ext4 of our own can be mounted from a file.
    static let canLoop = canMount && probe { directory in _ = try FailingDisk(at: directory) }

    /// Whether there is a Python that knows SQLite.
    static let hasPython = (try? shell("python3 -c 'import sqlite3, socket'")) != nil

    private static func probe(_ body: (String) throws -> Void) -> Bool {
        let directory = "/tmp/vicinity-probe-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return (try? body(directory)) != nil
    }
}

/// Runs commands of the shell, which must succeed.
func shell(_ script: String) throws {
    let log = "/tmp/vicinity-shell-\(UInt32.random(in: 0 ... .max))"
    defer { unlink(log) }
    let program = try Program("/bin/sh", arguments: ["-ec", script], log: log, environment: [searchPath])
    let ending = try program.wait()
    guard ending == .exited(0) else { throw Failure("\(script): \(ending), \(program.log)") }
}

/// Ours, as a variable: sbin is where mount and mkfs may be.
var searchPath: String { "PATH=\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"):/usr/sbin:/sbin" }

/// Starts a script of Python as another program; what it says to standard error is its ``Program/log``.
func python(_ script: String, _ arguments: [String], log: String) throws -> Program {
    try Program("/usr/bin/env", arguments: ["python3", "-c", script] + arguments, log: log, environment: [searchPath])
}

/// Another program that has locked a daemon's database.
final class DatabaseHolder {
    private let program: Program

    /// Returns when it is locked.
    init(_ daemon: Daemon) throws {
        let script = """
            import sqlite3, sys, time
            database = sqlite3.connect(sys.argv[1], isolation_level=None)
            database.execute("BEGIN IMMEDIATE")
            print("held", file=sys.stderr, flush=True)
            time.sleep(600)
            """
        let program = try python(script, ["\(daemon.statePath)/vicinity.db"], log: "\(daemon.directory)/holder")
        _ = try eventually("the lock") { program.log.contains("held") ? true : nil }
        self.program = program
    }

    func letGo() throws {
        program.signal(SIGKILL)
        _ = try program.wait()
    }
}

/// A small file system in memory, unmounted when this object goes.
final class Disk {
    let path: String

    init(megabytes: Int, at path: String) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try shell("mount -t tmpfs -o size=\(megabytes)m,mode=700 tmpfs '\(path)'")
    }

    deinit {
        try? shell("umount -l '\(path)'")
        rmdir(path)
    }

    private var ballast: String { "\(path)/ballast" }

    /// Fills it to the last byte.
    func fill() throws { try fillUp(ballast) }

    /// Takes away what ``fill()`` put there.
    func free() { unlink(ballast) }

    func makeReadOnly() throws { try shell("mount -o remount,ro '\(path)'") }

    func makeWritable() throws { try shell("mount -o remount,rw '\(path)'") }
}

/// A file system whose device fails to write when it is told to.
///
/// It is an ext4 in a file that has fewer blocks than it says, on a disk that can be filled: what is then written to a new block is an I/O error
/// when it is synced, and the kernel makes the file system read-only.
final class FailingDisk {
    let path: String
    private let disk: Disk

    init(at path: String) throws {
        self.path = path
        disk = try Disk(megabytes: 20, at: path + "-device")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try shell("truncate -s 64m '\(disk.path)/image'; mkfs.ext4 -q -J size=4 '\(disk.path)/image'")
        try mount()
    }

    deinit {
        try? shell("umount -l '\(path)'")
        rmdir(path)
    }

    /// From now on what needs a new block fails.
    func fail() throws { try disk.fill() }

    /// The device is well again, and what was not synced is gone: as after a restart of the machine.
    func restart() throws {
        disk.free()
        try shell("umount '\(path)'")
        try mount()
    }

    private func mount() throws { try shell("mount -o loop '\(disk.path)/image' '\(path)'") }
}

/// Writes a file until the disk is full.
private func fillUp(_ path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    guard descriptor >= 0 else { throw Failure("cannot open \(path)") }
    defer { close(descriptor) }
    for size in [1 << 20, 4096, 1] {
        let piece = [UInt8](repeating: 0x78, count: size)
        while write(descriptor, piece, size) == size {}
    }
    guard errno == ENOSPC else { throw Failure("cannot fill \(path): \(String(cString: strerror(errno)))") }
}
