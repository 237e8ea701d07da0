import Foundation
import Glibc
import Testing

@testable import VicinityClient

/// `text` as gzip, in one member.
func gzip(_ text: String) throws -> [UInt8] {
    let directory = try TemporaryDirectory()
    let file = try directory.write(text, to: "x")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-n", file]
    try process.run()
    process.waitUntilExit()
    return Array(try Data(contentsOf: URL(fileURLWithPath: "\(file).gz")))
}

/// All lines of a file; a cut one is marked.
func lines(of path: String, limit: Int = 1 << 20) throws -> [String] {
    var source = LineSource(try ByteSource(path: path), limit: limit)
    var line: [UInt8] = []
    var found: [String] = []
    while try source.next(&line) == .line { found.append(String(decoding: line, as: UTF8.self) + (source.isCut ? "…" : "")) }
    return found
}

@Suite struct InputTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test(arguments: [
        ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\n\nb", ["a", "", "b"]), ("a\r\nb\r\n", ["a\r", "b\r"]),
    ])
    func cutIntoLines(text: String, expected: [String]) throws {
        #expect(try lines(of: directory.write(text, to: "plain")) == expected)
        #expect(try lines(of: directory.write(gzip(text), to: "zipped")) == expected)
    }

    @Test func linesAcrossChunks() throws {
        let all = (0..<200_000).map { "line \($0)" }
        let text = all.joined(separator: "\n")
        try #require(text.utf8.count > 4 * ByteSource.chunkSize)
        #expect(try lines(of: directory.write(text, to: "plain")) == all)
        #expect(try lines(of: directory.write(gzip(text), to: "zipped")) == all)
    }

    @Test func longLinesAreCut() throws {
        let text = "short\n" + String(repeating: "x", count: 1_000_000) + "\nnext\n12345678\n123456789"
        #expect(try lines(of: directory.write(text, to: "long"), limit: 8) == ["short", "xxxxxxxx…", "next", "12345678", "12345678…"])
    }

    @Test func membersAreOneStream() throws {
        let bytes = try gzip("a\nb") + gzip("") + gzip("c\n") + gzip("d\n") + [0, 0, 0]
        #expect(try lines(of: directory.write(bytes, to: "members")) == ["a", "bc", "d"])
    }

    @Test func damagedGzipIsNamed() throws {
        let whole = try gzip(String(repeating: "fix\n", count: 100))
        let path = try directory.write(Array(whole.dropLast(3)), to: "cut.gz")
        #expect(throws: InputFault(name: path, why: "the gzip data is cut short")) { try lines(of: path) }
        var flipped = whole
        flipped[whole.count - 6] ^= 1
        let damaged = try directory.write(flipped, to: "flipped.gz")
        #expect(throws: InputFault(name: damaged, why: "the gzip data is damaged")) { try lines(of: damaged) }
        let followed = try directory.write(whole + [0, 1], to: "followed.gz")
        #expect(throws: InputFault(name: followed, why: "something follows the gzip data")) { try lines(of: followed) }
    }

    @Test func missingFilesAndDirectoriesAreNamed() {
        let missing = "\(directory.path)/missing"
        #expect(throws: InputFault(name: missing, why: "no such file")) { try lines(of: missing) }
        #expect(throws: InputFault(name: directory.path, why: "it is a directory")) { try lines(of: directory.path) }
        #expect(throws: InputFault(name: missing, why: "no such file")) { try ByteSource.size(of: missing) }
        #expect(throws: InputFault(name: directory.path, why: "it is a directory")) { try ByteSource.size(of: directory.path) }
    }

    /// A pipe that has brought half a line: nothing blocks, and nothing is lost.
    @Test func idleAndThenMore() throws {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let writer = ends[1]
        var source = LineSource(ByteSource(descriptor: OwnedDescriptor(ends[0]), name: "pipe"), limit: 100)
        var line: [UInt8] = []
        #expect(try source.next(&line, mayBlock: false) == .idle)
        try #require(write(writer, "one\ntw", 6) == 6)
        #expect(try source.next(&line, mayBlock: false) == .line)
        #expect(line == Array("one".utf8))
        #expect(try source.next(&line, mayBlock: false) == .idle)
        try #require(write(writer, "o\nend", 5) == 5)
        #expect(try source.next(&line, mayBlock: false) == .line)
        #expect(line == Array("two".utf8))
        close(writer)
        #expect(try source.next(&line, mayBlock: false) == .line)
        #expect(line == Array("end".utf8))
        #expect(try source.next(&line, mayBlock: false) == .end)
    }

    /// What cannot be opened twice is read twice all the same.
    @Test func pipesAreSpooled() throws {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        try #require(write(ends[1], "a\nb\n", 4) == 4)
        close(ends[1])
        let input = try RereadableInput(path: "/dev/fd/\(ends[0])", console: Console(output: -1, errors: -1))
        close(ends[0])
        for _ in 0..<2 {
            var source = LineSource(try input.open(), limit: 100)
            var line: [UInt8] = []
            #expect(try source.next(&line) == .line)
            #expect(line == Array("a".utf8))
            #expect(try source.next(&line) == .line)
            #expect(try source.next(&line) == .end)
        }
    }
    /// Standard input is read twice also where it is a file, whose position both readings share.
    @Test func standardInputFromAFileIsReadTwice() throws {
        var template = Array("/tmp/vicinity-input.XXXXXX".utf8CString)
        let file = mkstemp(&template)
        try #require(file >= 0)
        unlink(template)
        try #require(write(file, "a\nb\n", 4) == 4)
        lseek(file, 0, SEEK_SET)
        let former = dup(STDIN_FILENO)
        defer {
            dup2(former, STDIN_FILENO)
            close(former)
            close(file)
        }
        dup2(file, STDIN_FILENO)
        let input = try RereadableInput(path: "-", console: Console(output: -1, errors: -1))
        for _ in 0..<2 {
            var source = LineSource(try input.open(), limit: 100)
            var line: [UInt8] = []
            #expect(try source.next(&line) == .line)
            #expect(line == Array("a".utf8))
            #expect(try source.next(&line) == .line)
            #expect(try source.next(&line) == .end)
        }
    }
}
