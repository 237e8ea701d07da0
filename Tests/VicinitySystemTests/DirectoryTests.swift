import Foundation
import Testing

@testable import VicinitySystem

struct DirectoryTests {
    @Test(arguments: [
        (flag: "/a" as String?, environment: ["STATE_DIRECTORY": "/b"], path: "/a", origin: Directory.Origin.flag),
        (flag: nil, environment: ["STATE_DIRECTORY": "/b:/c"], path: "/b", origin: .environment),
        (flag: "", environment: ["STATE_DIRECTORY": ""], path: "/var/lib/vicinity", origin: .fallback),
        (flag: nil, environment: ["RUNTIME_DIRECTORY": "/d"], path: "/var/lib/vicinity", origin: .fallback),
    ])
    func flagBeatsEnvironmentBeatsFallback(flag: String?, environment: [String: String], path: String, origin: Directory.Origin) {
        let directory = Directory(.state, flag: flag, environment: environment)
        #expect(directory.path == path)
        #expect(directory.origin == origin)
    }

    @Test func eachRoleHasItsVariable() {
        let environment = ["STATE_DIRECTORY": "/s", "RUNTIME_DIRECTORY": "/r", "CONFIGURATION_DIRECTORY": "/c"]
        #expect(Directory(.state, flag: nil, environment: environment).path == "/s")
        #expect(Directory(.runtime, flag: nil, environment: environment).path == "/r")
        #expect(Directory(.configuration, flag: nil, environment: environment).path == "/c")
    }

    @Test(arguments: [(Directory.Role.state, mode_t(0o700)), (.runtime, 0o755)])
    func whatAFlagNamesIsMadeWithItsParents(role: Directory.Role, mode: mode_t) throws {
        let parent = try TemporaryDirectory()
        for path in [parent("x/y/z"), parent("x/slash/"), parent("x")] {
            try Directory(role, flag: path, environment: [:]).prepare()
        }
        #expect(permissions(parent("x/y/z")) == mode)
        #expect(permissions(parent("x/slash")) == mode)
        #expect(permissions(parent("x")) == 0o755)  // made as a parent, and left alone later
    }

    @Test func whatTheEnvironmentNamesIsNotMade() throws {
        let parent = try TemporaryDirectory()
        let directory = Directory(.state, flag: nil, environment: ["STATE_DIRECTORY": parent("none")])
        #expect(throws: Directory.Problem(directory: directory, why: .missing)) { try directory.prepare() }
        #expect(permissions(parent("none")) == nil)
        #expect(
            "\(Directory.Problem(directory: directory, why: .missing))"
                == "the state directory \(parent("none")) does not exist; make it, or name another with --state-dir")
    }

    @Test func aFileIsNoDirectory() throws {
        let parent = try TemporaryDirectory()
        try Data().write(to: URL(fileURLWithPath: parent("file")))
        let directory = Directory(.runtime, flag: parent("file"), environment: [:])
        #expect(throws: Directory.Problem(directory: directory, why: .noDirectory)) { try directory.prepare() }
        let below = Directory(.runtime, flag: parent("file/below"), environment: [:])
        #expect(throws: Directory.Problem(directory: below, why: .notMade(ENOTDIR))) { try below.prepare() }
    }

    @Test(.enabled(if: geteuid() != 0, "root may write anywhere"))
    func whatIsNotWritableIsNamed() throws {
        let parent = try TemporaryDirectory()
        chmod(parent.path, 0o500)
        defer { chmod(parent.path, 0o700) }
        let directory = Directory(.state, flag: parent.path, environment: [:])
        #expect(throws: Directory.Problem(directory: directory, why: .notWritable(EACCES))) { try directory.prepare() }
    }
}
