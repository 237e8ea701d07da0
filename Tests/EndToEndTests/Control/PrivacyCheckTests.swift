import Foundation
import Testing
import VicinityClient

@Suite("vicinityctl privacy check")
struct PrivacyCheckTests {
    private static func check(_ arguments: [String], in directory: String) throws -> (ending: Ending, out: String, err: String) {
        try Program.vicinityctl(["privacy", "check"] + arguments, in: directory)
    }

    @Test("It asks the daemon: settings, the register in pages, and what moves")
    func daemon() throws {
        let daemon = try Daemon.running(config: "fixes:\n  max_speed: 0\n")
        let ask = ["--socket-dir", daemon.runtimePath]
        try daemon.put((0..<1_200).map { "s-\($0)" })
        let good = try Self.check(ask, in: daemon.directory)
        #expect(good.ending == .exited(0), "\(good.err)")
        #expect(good.out == "nothing to say: 1,200 subjects, profile people\n")

        try daemon.write(config: "fixes:\n  max_speed: 0\nprivacy:\n  precision: 0\n  follow: off\n")
        try daemon.result("config.reload")
        try daemon.ingest(["{\"subject\":\"s-0\",\"lat\":0,\"lon\":0,\"ts\":\(noon)}"])
        let bad = try Self.check(ask, in: daemon.directory)
        #expect(bad.ending == .exited(1))
        #expect(
            bad.out.contains("high:   1,200 subjects (the first is \"s-0\") have no precision: their place can be found to 1 m"),
            "\(bad.out)")
        #expect(bad.out.contains("high:   privacy.follow is off, and 1 subject (\"s-0\") moves"), "\(bad.out)")
        let json = try JSONValue(parsing: try Self.check(ask + ["--json"], in: daemon.directory).out)
        #expect(json["findings"]?.array?.compactMap { $0["code"]?.string } == ["no_precision", "follow_off"])
    }

    @Test("Files are looked at without a daemon, also who may read and write them")
    func files() throws {
        let daemon = try Daemon(config: "privacy:\n  disclose: [address]\n")
        let register = "\(daemon.directory)/register.csv"
        try "id,lat,lon,precision\na,1,2,0\nb,1,2,\n".write(toFile: register, atomically: true, encoding: .utf8)
        let arguments = ["--config", daemon.configPath, "--register", register]
        guard chmod(daemon.configPath, 0o646) == 0, chmod(register, 0o644) == 0 else { throw Failure("chmod") }
        let open = try Self.check(arguments + ["--json"], in: daemon.directory)
        #expect(open.ending == .exited(1), "\(open.err)")
        let codes = try JSONValue(parsing: open.out)["findings"]?.array?.compactMap { $0["code"]?.string }
        #expect(codes == ["writable_config", "no_precision", "disclosed_place", "readable_register"])
        guard chmod(daemon.configPath, 0o640) == 0, chmod(register, 0o640) == 0 else { throw Failure("chmod") }
        let closed = try Self.check(arguments + ["--json"], in: daemon.directory)
        #expect(try JSONValue(parsing: closed.out)["findings"]?.array?.count == 2)
        #expect(try Self.check(["--register", "/dev/null"], in: daemon.directory).ending == .exited(0), "the defaults, and nobody")
    }

    @Test("A file that is wrong or missing, and a daemon that does not answer, have their own statuses")
    func wrong() throws {
        let daemon = try Daemon(config: "privacy:\n  precision: -1\n")
        let wrong = try Self.check(["--config", daemon.configPath], in: daemon.directory)
        #expect(wrong.ending == .exited(78) && wrong.err.contains("vicinityd.yaml:2: privacy.precision:"), "\(wrong.err)")
        #expect(try Self.check(["--register", "\(daemon.directory)/none"], in: daemon.directory).ending == .exited(66))
        #expect(try Self.check(["--socket-dir", daemon.directory], in: daemon.directory).ending == .exited(2))
    }
}
