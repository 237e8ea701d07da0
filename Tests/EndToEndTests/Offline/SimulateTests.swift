// `vicinityctl simulate` as an operator starts it: files in, events out, an exit status. How it reads and merges, line by line, is
// tested within a process (VicinityRehearsalTests).

import Foundation
import Testing

@Suite("vicinityctl simulate")
struct SimulateTests {
    private let folder: Folder

    init() throws {
        folder = try Folder()
        try folder.write("id,lat,lon,kind\ngate-1,48.1372,11.5755,toll\n", "gates.csv")
        // North towards the gate and back: 801, 300 and 801 m from it.
        try folder.write(
            """
            {"user":"u-1","lat":48.13,"lon":11.5755,"ts":1732290000000,"acc":8}
            {"user":"u-1","lat":48.1345,"lon":11.5755,"ts":1732290030000,"acc":8}
            {"user":"u-1","lat":48.13,"lon":11.5755,"ts":1732290060000,"acc":8}

            """, "fixes.ndjson")
        // From the other side, 756 and 311 m, and then nothing more.
        try folder.write(
            """
            <?xml version="1.0"?>
            <gpx version="1.1"><trk><name>anna</name><trkseg>
            <trkpt lat="48.144" lon="11.5755"><time>2024-11-22T15:40:15Z</time></trkpt>
            <trkpt lat="48.14" lon="11.5755"><time>2024-11-22T15:40:45Z</time></trkpt>
            </trkseg></trk></gpx>

            """, "walk.gpx")
    }

    private static let enterOfUser =
        #"{"seq":1,"type":"enter","user":"u-1","subject":"gate-1","kind":"toll","ts":1732290030000,"cause":"user","within":500}"#
    private static let events = [
        enterOfUser,
        #"{"seq":2,"type":"enter","user":"anna","subject":"gate-1","kind":"toll","ts":1732290045000,"cause":"user","within":500}"#,
        #"{"seq":3,"type":"leave","user":"u-1","subject":"gate-1","kind":"toll","ts":1732290060000,"cause":"user","#
            + #""encounter":1,"lasted":30000}"#,
        #"{"seq":4,"type":"leave","user":"anna","subject":"gate-1","kind":"toll","ts":1732290945000,"cause":"expired","#
            + #""encounter":2,"lasted":900000}"#,
    ]

    @Test(
        "Lines and a track, merged, give the events of events.sock, whatever the register's form",
        arguments: [
            ("gates.csv", "id,lat,lon,kind\ngate-1,48.1372,11.5755,toll\n"),
            ("gates.ndjson", #"{"id":"gate-1","lat":48.1372,"lon":11.5755,"kind":"toll"}"# + "\n"),
            (
                "gates.geojson",
                #"{"type":"FeatureCollection","features":[{"type":"Feature","id":"gate-1","properties":{"kind":"toll"},"#
                    + #""geometry":{"type":"Point","coordinates":[11.5755,48.1372]}}]}"#
            ),
        ])
    func wholeRun(register: String, text: String) throws {
        try folder.write(text, register)
        let run = try folder.simulate(register: register, fixes: ["fixes.ndjson", "walk.gpx"])
        #expect(run.out == Self.events)
        #expect(run.err.count == 1)
        #expect(
            run.err.last?.hasPrefix(
                "5 lines: 5 accepted, 0 stale, 0 inaccurate, 0 implausible, 0 errors; 2 encounters; 60.000 s (1 min 0 s) of recorded time")
                == true)
        #expect(run.ending == .exited(0))
    }

    @Test("--config, and --set over it, decide; the environment does not")
    func settings() throws {
        try folder.write("halo:\n  radius: 305\nprivacy:\n  distance: exact\n", "vicinityd.yaml")
        let files = ["fixes.ndjson", "walk.gpx"]
        let config = ["--config", folder.path(of: "vicinityd.yaml")]
        // 311 m is too far now, and the enter says how far 300 is.
        let near = try folder.simulate(fixes: files, config)
        #expect(near.out.count == 2 && near.out.allSatisfy { $0.contains(#""user":"u-1""#) })
        #expect(near.out.first?.contains(#""distance":300."#) == true)
        #expect(try folder.simulate(fixes: files, config + ["--set", "halo.radius=290"]).out == [])
        let wide = try folder.simulate(fixes: files, config + ["--set", "halo.radius=500", "--set", "privacy.distance=band"])
        #expect(wide.out == Self.events)
        // The user's last fix shows that the dwell is complete.
        let dwelt = try folder.simulate(fixes: ["fixes.ndjson"], ["--set", "halo.enter_dwell=10s"])
        #expect(dwelt.out.first == Self.enterOfUser.replacing("1732290030000", with: "1732290040000"))
        let stranger = try folder.simulate(fixes: files, environment: ["VICINITY_HALO_RADIUS=290"])
        #expect(stranger.out == Self.events)
        for run in [near, wide, dwelt, stranger] { #expect(run.ending == .exited(0)) }
    }

    @Test("--explain says what holds after each line, of a user or of a pair, beside the same events")
    func explanations() throws {
        let user = try folder.simulate(fixes: ["fixes.ndjson"], ["--explain", "u-1"])
        #expect(user.out.count == 2 && user.ending == .exited(0))
        #expect(
            user.err.prefix(2) == [
                "fixes.ndjson:1: last accepted fix at 1732290000000, 0 ms ago; radius 500 m, the default, accuracy 8 m; "
                    + "enters at 500 m or nearer, leaves beyond 558 m; inside with 0",
                "fixes.ndjson:1: is silent from 1732290900000 on if nothing is heard until then",
            ])
        #expect(!user.err.contains { $0.contains("the pair is") })

        let pair = try folder.simulate(fixes: ["fixes.ndjson"], ["--explain", "u-1/gate-1"])
        #expect(pair.out == user.out && pair.ending == .exited(0))
        #expect(
            pair.err.filter { $0.contains("the pair is") } == [
                "fixes.ndjson:1: the pair is outside", "fixes.ndjson:2: the pair is inside since 1732290030000 (event 1)",
                "fixes.ndjson:3: the pair is outside",
            ])
        #expect(pair.err.contains("fixes.ndjson:2: the subject is within 500 m"))

        let nobody = try folder.simulate(fixes: ["fixes.ndjson"], ["--explain", "u-2"])
        #expect(nobody.err.first == "no line is of u-2" && nobody.ending == .exited(0))
    }

    // MARK: - What goes wrong

    @Test("A bad line is named and passed over, and the exit status tells of it")
    func badLine() throws {
        try folder.write(
            """
            {"user":"u-1","lat":48.13,"lon":11.5755,"ts":1732290000000}
            {"user":"u-1","lat":91.2,"lon":11.5755,"ts":1732290020000}
            {"user":"u-1","lat":48.1345,"lon":11.5755,"ts":1732290030000}

            """, "bad.ndjson")
        let run = try folder.simulate(fixes: ["bad.ndjson"])
        #expect(run.out.count == 2 && run.out.first == Self.enterOfUser)
        #expect(run.err.first == "bad.ndjson:2: bad_latitude: lat is 91.2, must be within -90 and 90")
        #expect(run.err.last == "vicinityctl: 1 line refused")
        #expect(run.ending == .exited(1))
    }

    @Test("What cannot be simulated as a whole is not begun")
    func nothingIsSimulated() throws {
        try folder.write("id,lat,lon\ngate-1,98.1372,11.5755\n", "bad.csv")
        try folder.write("<gpx><trk>\n", "bad.gpx")
        try folder.write("halo:\n  raduis: 300\n", "bad.yaml")
        let fixes = ["fixes.ndjson"]
        for (run, status, sentences) in [
            (try folder.simulate(fixes: fixes + ["none.ndjson"]), 66, ["vicinityctl: cannot read none.ndjson: no such file"]),
            (try folder.simulate(register: "none.csv", fixes: fixes), 66, ["vicinityctl: cannot read none.csv: no such file"]),
            (try folder.simulate(register: "bad.csv", fixes: fixes), 65, ["bad.csv:2: lat is 98.1372, must be within -90 and 90"]),
            (try folder.simulate(fixes: ["bad.gpx"]), 65, ["bad.gpx:2: the file ends within <trk>, which was opened on line 1"]),
            (
                try folder.simulate(fixes: fixes, ["--set", "halo.radius=big"]), 78,
                ["vicinityctl: the configuration is wrong:", "--set: halo.radius: is big, must be metres, 1 to 1000000"]
            ),
            (
                try folder.simulate(fixes: fixes, ["--config", folder.path(of: "bad.yaml")]), 78,
                ["vicinityctl: the configuration is wrong:", "bad.yaml:2: halo.raduis: there is no such key; did you mean halo.radius?"]
            ),
            (try folder.simulate(fixes: fixes, ["--explain", "/"]), 64, []),
        ] {
            #expect(run.out == [])
            #expect(Array(run.err.prefix(sentences.count)) == sentences)
            #expect(!run.err.isEmpty && run.ending == .exited(Int32(status)), "\(run.err)")
        }
    }
}

/// A directory of files for one test, in which `vicinityctl` is run.
private final class Folder {
    /// What came of a run, in lines; the directory's name is left out.
    struct Run {
        let out: [String]
        let err: [String]
        let ending: Ending
    }

    private let directory: String

    init() throws {
        var template = Array("/tmp/vicinity-simulate-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure("no temporary directory") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func path(of name: String) -> String { "\(directory)/\(name)" }

    func write(_ text: String, _ name: String) throws { try text.write(toFile: path(of: name), atomically: true, encoding: .utf8) }

    func simulate(
        register: String = "gates.csv", fixes: [String], _ options: [String] = [], environment: [String] = []
    ) throws -> Run {
        unlink(path(of: ".err"))
        let arguments =
            ["simulate", "--register", path(of: register), "--fixes"] + fixes.map { path(of: $0) }
            + ["--set", "privacy.profile=places"] + options
        let program = try Program(
            try Program.path(of: "vicinityctl"), arguments: arguments, log: path(of: ".err"), output: path(of: ".out"),
            environment: ["PATH=/usr/bin:/bin"] + environment)
        let ending = try program.wait()
        return Run(out: lines(try String(contentsOfFile: path(of: ".out"), encoding: .utf8)), err: lines(program.log), ending: ending)
    }

    private func lines(_ text: String) -> [String] {
        #expect(text.isEmpty || text.hasSuffix("\n"))
        let lines = text.replacing("\(directory)/", with: "").split(separator: "\n", omittingEmptySubsequences: false)
        return lines.dropLast().map(String.init)
    }
}
