import Testing
import VicinityClient
import VicinityCore
import VicinityRehearsal

@Suite("A rehearsal")
struct RehearsalTests {
    let stage: Stage

    init() throws {
        stage = try Stage()
        try stage.write("id,lat,lon,kind\ns,1,2,toll\n", "r.csv")
    }

    @Test("The register comes first, at the first line's time; the clock goes on to each line's; and in the end on to the end")
    func wholeRun() throws {
        try stage.write(line("u", 5_000) + line("v", 5_000, ",\"acc\":8.5") + line("u", 7_500) + "\n" + line("v", 65_001), "f.ndjson")
        let performance = try stage.rehearse(["f.ndjson"])
        #expect(
            stage.diary.all == [
                "put @5000 s 10000000 20000000 toll", "user u 5000 @5000", "user v 5000 ±8.5 @5000", "advance @7500", "user u 7500 @7500",
                "advance @65001", "user v 65001 @65001", "finish @65001",
            ])
        #expect(
            performance.out == [
                #"{"seq":1,"type":"enter","user":"u","subject":"s","kind":"toll","ts":5000,"cause":"user","within":500}"#,
                #"{"seq":2,"type":"enter","user":"v","subject":"s","kind":"toll","ts":5000,"cause":"user","within":500}"#,
                #"{"seq":3,"type":"leave","user":"u","subject":"s","kind":"toll","ts":965001,"cause":"expired","encounter":1,"lasted":5}"#,
                #"{"seq":4,"type":"leave","user":"v","subject":"s","kind":"toll","ts":965001,"cause":"expired","encounter":2,"lasted":5}"#,
            ])
        #expect(
            performance.err == [
                "4 lines: 4 accepted, 0 stale, 0 inaccurate, 0 implausible, 0 errors; 2 encounters; "
                    + "60.001 s (1 min 0 s) of recorded time in 2.500 s"
            ])
        #expect(performance.fault == nil)
    }

    @Test("What is older than the clock, and what has no time, is taken at the time that it is; the clock never goes back")
    func clockNeverGoesBack() throws {
        try stage.write(line("a", 9_000) + line("b", 4_000) + line("c", nil) + line("d", 9_001), "f.ndjson")
        _ = try stage.rehearse(["f.ndjson"])
        #expect(
            stage.diary.all.dropFirst() == [
                "user a 9000 @9000", "user b 4000 @9000", "user c -1 @9000", "advance @9001", "user d 9001 @9001", "finish @9001",
            ])
    }

    @Test("Nothing but the summary comes of nothing")
    func nothing() throws {
        try stage.write("\n  \n", "f.ndjson")
        let performance = try stage.rehearse(["f.ndjson"])
        #expect(stage.diary.all == [] && performance.out == [] && performance.fault == nil)
        #expect(
            performance.err == [
                "0 lines: 0 accepted, 0 stale, 0 inaccurate, 0 implausible, 0 errors; 0 encounters; 0.000 s of recorded time in 2.500 s"
            ])
    }

    // MARK: - Errors

    @Test("A line that is refused is named by its file and line, after what came before it")
    func refusedLines() throws {
        try stage.write(
            line("a", 1_000) + "nonsense\n" + line("b", 1_000, ",\"radius\":77") + "{\"user\":\"c\",\"lat\":91.2,\"lon\":2,\"ts\":1}\n"
                + line("d", 2_000, ",\"radius\":2000"), "f.ndjson")
        try stage.write("\n" + line("e", 1_000, ",\"radius\":77") + String(repeating: "x", count: 100_000) + "\n", "g.ndjson")
        let performance = try stage.rehearse(["f.ndjson", "g.ndjson"])
        #expect(
            performance.err == [
                "f.ndjson:2: bad_json: the line is not one JSON object",
                "f.ndjson:3: radius_too_soon: 77 is too soon",
                "f.ndjson:4: bad_latitude: lat is 91.2, must be within -90 and 90",
                "f.ndjson:5: bad_radius: radius is 2000, must be within 50 and 1000",
                "g.ndjson:2: radius_too_soon: 77 is too soon",
                "g.ndjson:3: line_too_long: the line is longer than 65536 bytes",
                "7 lines: 1 accepted, 0 stale, 0 inaccurate, 0 implausible, 6 errors; 1 encounter; 0.000 s of recorded time in 2.500 s",
            ])
        #expect(performance.fault == .refused("6 lines refused"))
        #expect(performance.fault?.exitStatus == .refused)
        #expect(performance.out.count == 2)
    }

    @Test("Lines at one time go to the engine together, and each error still finds its line")
    func batches() throws {
        let text = (1...10_000).map { line("u\($0)", 1_000, $0 == 9_999 ? ",\"radius\":77" : "") }.joined()
        try stage.write(text, "f.ndjson")
        let performance = try stage.rehearse(["f.ndjson"], isTerse: true)
        #expect(stage.diary.all.dropFirst() == ["apply @1000 1+4096", "apply @1000 4097+4096", "apply @1000 8193+1808", "finish @1000"])
        #expect(performance.err.first == "f.ndjson:9999: radius_too_soon: 77 is too soon")
    }

    @Test("Output that is larger than what is written at once is whole")
    func muchOutput() throws {
        try stage.write((1...3_000).map { line("user-\($0)", Int64($0)) }.joined(), "f.ndjson")
        let performance = try stage.rehearse(["f.ndjson"])
        try #require(performance.out.count == 6_000)
        for (index, line) in performance.out.enumerated() { #expect(line.hasPrefix("{\"seq\":\(index + 1),")) }
    }

    @Test("A file that cannot be read ends it before anything is said; one that ends too early, after what it held")
    func unreadable() throws {
        try stage.write(line("u", 1_000), "f.ndjson")
        let missing = try stage.rehearse(["f.ndjson", "none.ndjson"])
        #expect(missing.fault?.exitStatus == .noInput && missing.out == [] && missing.err == [] && stage.diary.all == [])
        let noRegister = try stage.rehearse(["f.ndjson"], register: "none.csv")
        #expect(noRegister.fault?.exitStatus == .noInput && noRegister.out == [] && stage.diary.all == [])

        // Noise that gzip cannot make shorter, so that the cut comes after whole chunks.
        var random = Seeded(state: 3)
        let many = (1...40_000).map { line("u\(UInt64.random(in: .min ... .max, using: &random))", Int64($0)) }
        try stage.write(many.joined(), "cut")
        try stage.gzip("cut")
        let whole = try #require(try? Array(contentsOf("\(stage.path)/cut.gz")))
        try stage.write(Array(whole.dropLast(whole.count / 4)), "cut.ndjson.gz")
        let cut = try stage.rehearse(["cut.ndjson.gz"], isTerse: true)
        #expect(cut.fault?.exitStatus == .noInput)
        #expect(!stage.diary.all.isEmpty && !stage.diary.all.contains { $0.hasPrefix("finish") })
        #expect(cut.err.count == 1 && cut.err[0].contains(" of recorded time in "))
    }

    // MARK: - Explanations

    @Test(
        "Who is to be explained",
        arguments: [
            ("u", ["u"]), ("u/s", ["u", "s"]), ("u/s/t", ["u", "s/t"]), ("", nil), ("/", nil), ("u/", nil), ("/s", nil),
            (String(repeating: "u", count: 129), nil), (String(repeating: "u", count: 128), [String(repeating: "u", count: 128)]),
        ])
    func explained(text: String, parts: [String]?) {
        let explained = Explained(text)
        #expect(explained.map { [$0.user] + ($0.subject.map { [$0] } ?? []) } == parts?.map { Array($0.utf8) })
        #expect(explained.map(\.description) == (parts == nil ? nil : text))
    }

    @Test("A user, or a pair, is explained after each line that concerns it, as of that line")
    func explanations() throws {
        let subject = "{\"subject\":\"s\",\"lat\":1,\"lon\":2,\"ts\":1003}\n"
        try stage.write(subject + line("u", 1_004) + line("v", 1_004) + line("u", 1_004) + line("u", 1_009) + subject, "f.ndjson")
        #expect(
            try stage.rehearse(["f.ndjson"], explained: "u").err.dropLast() == [
                "f.ndjson:2: u at 1004", "f.ndjson:2: and more", "f.ndjson:4: u at 1004", "f.ndjson:4: and more", "f.ndjson:5: u at 1009",
                "f.ndjson:5: and more",
            ])
        #expect(
            try stage.rehearse(["f.ndjson"], explained: "v/s").err.dropLast() == [
                "f.ndjson:3: v at 1004, one pair", "f.ndjson:3: and more", "f.ndjson:6: v at 1009, one pair", "f.ndjson:6: and more",
            ])
        #expect(try stage.rehearse(["f.ndjson"], explained: "w").err.dropLast() == ["no line is of w"])
    }

    // MARK: - The register

    @Test("The register is every format that the import reads, plain or gzip")
    func registers() throws {
        try stage.write(line("u", 1_000), "f.ndjson")
        for (name, text) in [
            ("r.ndjson", #"{"id":"a","lat":1,"lon":2,"kind":"toll","name":"Gate"}"# + "\n" + #"{"id":"b","lat":-3.5,"lon":180}"#),
            ("s.csv", "id,lat,lon,kind,fee\na,1,2,toll,3\nb,-3.5,180,,\n"),
            (
                "t.geojson",
                #"{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","properties":{"kind":"toll"},"#
                    + #""geometry":{"type":"Point","coordinates":[2,1]}},"#
                    + #"{"type":"Feature","id":"b","geometry":{"type":"Point","coordinates":[180,-3.5]}}]}"#
            ),
        ] {
            try stage.write(text, name)
            let before = stage.diary.all.count
            #expect(try stage.rehearse(["f.ndjson"], register: name).fault == nil)
            try stage.gzip(name)
            #expect(try stage.rehearse(["f.ndjson"], register: "\(name).gz").fault == nil)
            let puts = stage.diary.all[before...].filter { $0.hasPrefix("put") }
            #expect(puts == Array(repeating: "put @1000 a 10000000 20000000 toll, b -35000000 -1800000000", count: 2), "\(name)")
        }
    }

    @Test("Validity and precision go to the engine")
    func validityAndPrecision() throws {
        try stage.write(line("u", 1_000), "f.ndjson")
        try stage.write("id,lat,lon,valid_from,valid_until,precision\na,1,2,5,9,0\nb,1,2,,9,200.5\nc,1,2,5,,\n", "good.csv")
        #expect(try stage.rehearse(["f.ndjson"], register: "good.csv").fault == nil)
        #expect(
            stage.diary.all.first
                == "put @1000 a 10000000 20000000 precision 0.0 from 5 until 9, b 10000000 20000000 precision 200.5 until 9, c 10000000 20000000 from 5"
        )
        try stage.write("id,lat,lon,valid_from,valid_until,precision\na,1,2,9,9,\nb,1,2,,,200000\nc,1,2,,,\nd,95,2,,,\n", "bad.csv")
        let before = stage.diary.all.count
        let performance = try stage.rehearse(["f.ndjson"], register: "bad.csv")
        #expect(
            performance.err == [
                "bad.csv:2: valid_until is 9, must be after valid_from, which is 9",
                "bad.csv:3: precision is 200000, must be within 0 and 100000",
                "bad.csv:5: lat is 95, must be within -90 and 90",
            ])
        #expect(performance.fault == .badData("3 bad records in the register, so nothing was simulated"))
        #expect(performance.out == [] && stage.diary.all.count == before)
    }

    @Test("Of many bad records some are named, all are counted")
    func manyBadRecords() throws {
        try stage.write(line("u", 1_000), "f.ndjson")
        try stage.write("id,lat,lon\n" + (1...60).map { "s\($0),99,0\n" }.joined(), "bad.csv")
        let performance = try stage.rehearse(["f.ndjson"], register: "bad.csv")
        #expect(performance.err.count == 51 && performance.err.last == "… and 10 more")
        #expect(performance.fault?.exitStatus == .badData)
    }

    // MARK: - The real engine

    @Test("The daemon's engine says what happens")
    func realEngine() throws {
        let places = [(0.0, 1_000), (0.0089, 61_000), (0.02, 121_000)]
        let lines = places.map { #"{"user":"u","lat":1,"lon":\#(2 + $0.0),"ts":\#($0.1)}"# + "\n" }
        try stage.write(lines.joined(), "f.ndjson")
        let settings = try RehearsalSettings(
            path: nil, assignments: ["halo.radius=1000", "privacy.distance=exact", "privacy.profile=places"])
        let performance = try stage.rehearse(["f.ndjson"], with: RehearsedEngine(rules: settings.rules))
        #expect(
            performance.out == [
                #"{"seq":1,"type":"enter","user":"u","subject":"s","kind":"toll","ts":1000,"cause":"user","distance":0}"#,
                #"{"seq":2,"type":"leave","user":"u","subject":"s","kind":"toll","ts":121000,"cause":"user","encounter":1,"lasted":120000}"#,
            ])
        #expect(performance.err.first?.hasPrefix("3 lines: 3 accepted, ") == true)
    }

    @Test("A subject with a precision stands at the centre of a cell, the same in every rehearsal")
    func blurred() throws {
        let line = #"{"user":"u","lat":1,"lon":2,"ts":1000}"# + "\n"
        try stage.write(line, "f.ndjson")
        let settings = try RehearsalSettings(path: nil, assignments: ["privacy.distance=exact"])
        let performances = try (0..<2).map { _ in try stage.rehearse(["f.ndjson"], with: RehearsedEngine(rules: settings.rules)).out }
        #expect(performances[0] == performances[1])
        let distance = try #require(performances[0].first?.split(separator: "\"distance\":").last.flatMap { Double($0.dropLast()) })
        #expect(distance > 0 && distance < 200 * 1.12)
    }

    // MARK: - Settings

    @Test("Settings are the defaults, then the file, then what is set")
    func settings() throws {
        #expect(try RehearsalSettings(path: nil, assignments: ["privacy.profile=places"]).rules == Rules())
        #expect(try RehearsalSettings(path: nil, assignments: []).rules.precision == 200)
        let path = try stage.write("halo:\n  radius: 300\n  max_radius: 700\n  cooldown: 5min\n", "c.yaml")
        let settings = try RehearsalSettings(path: path, assignments: ["halo.radius=400", "fixes.expire_after=0"])
        #expect(settings.rules.radius == 400 && settings.rules.cooldown == 300_000 && settings.rules.expireAfter == 0)
        #expect(settings.radii == 50...700)
    }

    @Test("All that is wrong with the settings is told, with the exit status of the daemon")
    func wrongSettings() throws {
        let path = try stage.write("halo:\n  radios: 300\n", "c.yaml")
        #expect(
            throws: ClientFault.configuration(
                """
                \(path):2: halo.radios: there is no such key; did you mean halo.radius?
                --set: halo.radius: is big, must be metres, 1 to 1000000
                """)
        ) { try RehearsalSettings(path: path, assignments: ["halo.radius=big"]) }
        #expect(
            throws: ClientFault.configuration("\(stage.path)/none.yaml:1: --config: the file cannot be read: No such file or directory")
        ) { try RehearsalSettings(path: "\(stage.path)/none.yaml", assignments: []) }
        #expect(ClientFault.configuration("x").exitStatus.rawValue == 78)
    }

    @Test("The keys that are offered are those that matter")
    func keys() throws {
        #expect(RehearsalSettings.keys.contains("halo.enter_dwell") && RehearsalSettings.keys.contains("privacy.bands"))
        #expect(!RehearsalSettings.keys.contains("durability") && !RehearsalSettings.keys.contains("privacy.disclose"))
    }
}
