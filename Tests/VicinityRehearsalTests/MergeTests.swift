import Foundation
import Testing
import VicinityClient
import VicinityRehearsal

/// A file's bytes.
func contentsOf(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

@Suite("Several files are one recording")
struct MergeTests {
    let stage: Stage

    init() throws {
        stage = try Stage()
        try stage.write("id,lat,lon\n", "r.csv")
    }

    /// The lines as the engine got them: `user ts @clock`.
    private func taken(_ files: [String]) throws -> [String] {
        _ = try stage.rehearse(files)
        return stage.diary.all.filter { $0.hasPrefix("user ") }.map { String($0.dropFirst(5)) }
    }

    @Test("By ts; among equals in the order of the command line, and of the file")
    func order() throws {
        try stage.write(line("a1", 10) + line("a2", 20) + line("a3", 20) + line("a4", 40), "a")
        try stage.write(line("b1", 20) + line("b2", 30) + line("b3", 40), "b")
        try stage.write(line("c1", 5) + line("c2", 50), "c")
        #expect(
            try taken(["a", "b", "c"]) == [
                "c1 5 @5", "a1 10 @10", "a2 20 @20", "a3 20 @20", "b1 20 @20", "b2 30 @30", "a4 40 @40", "b3 40 @40", "c2 50 @50",
            ])
        let again = try Stage()
        for name in ["a", "b", "c"] { try again.write(Array(contentsOf("\(stage.path)/\(name)")), name) }
        try again.write("id,lat,lon\n", "r.csv")
        _ = try again.rehearse(["b", "a", "c"])
        #expect(again.diary.all.contains("put @5 "))
        #expect(
            again.diary.all.filter { $0.hasPrefix("user ") }.prefix(5).map { $0.split(separator: " ")[1] } == [
                "c1", "a1", "b1", "a2", "a3",
            ])
    }

    @Test("A file that goes back in time keeps its order")
    func backwards() throws {
        try stage.write(line("a1", 30) + line("a2", 10) + line("a3", 35), "a")
        try stage.write(line("b1", 20) + line("b2", 31), "b")
        #expect(try taken(["a", "b"]) == ["b1 20 @20", "a1 30 @30", "a2 10 @30", "b2 31 @31", "a3 35 @35"])
    }

    @Test("Lines without a time belong to the line before them, and at the beginning to the first that has one")
    func withoutTime() throws {
        try stage.write("nonsense\n" + line("a1", nil) + line("a2", 30) + line("a3", nil), "a")
        try stage.write(line("b1", 20) + line("b2", nil) + line("b3", 40), "b")
        #expect(try taken(["a", "b"]) == ["b1 20 @20", "b2 -1 @20", "a1 -1 @30", "a2 30 @30", "a3 -1 @30", "b3 40 @40"])
    }

    @Test("A file without any time begins with the others, or at 0 if none has one")
    func withoutAnyTime() throws {
        try stage.write(line("a1", nil) + line("a2", nil), "a")
        try stage.write(line("b1", 20) + line("b2", 21), "b")
        #expect(try taken(["a", "b"]) == ["a1 -1 @20", "a2 -1 @20", "b1 20 @20", "b2 21 @21"])
        #expect(try taken(["a"]).suffix(2) == ["a1 -1 @0", "a2 -1 @0"])
    }

    @Test("The look for a first time has an end")
    func lookAhead() throws {
        try stage.write(String(repeating: line("a", nil), count: 10_001) + line("z", 7), "a")
        let lines = try taken(["a"])
        #expect(lines.count == 10_002 && lines.first == "a -1 @0" && lines.last == "z 7 @7")
    }

    @Test("Any files: every line comes, each file in its order, merged as a plain loop merges", arguments: UInt64(0)..<100)
    func anyFiles(seed: UInt64) throws {
        var random = Seeded(state: seed)
        var files: [[(user: String, time: Int64?)]] = []
        for file in 0..<Int.random(in: 1...4, using: &random) {
            files.append(
                (0..<Int.random(in: 0...20, using: &random)).map { index in
                    ("\(file)-\(index)", Int.random(in: 0..<6, using: &random) == 0 ? nil : Int64.random(in: 0...15, using: &random))
                })
        }
        let names = files.indices.map { "f\($0)" }
        for (name, lines) in zip(names, files) { try stage.write(lines.map { line($0.user, $0.time) }.joined(), name) }

        // The plain loop: every line gets its time by looking back, or ahead; then one sort.
        let earliest = files.compactMap { $0.compactMap(\.time).first }.min() ?? 0
        var all: [(due: Int64, file: Int, line: Int)] = []
        for (file, lines) in files.enumerated() {
            let first = lines.compactMap(\.time).first ?? earliest
            for index in lines.indices {
                all.append((lines[...index].compactMap(\.time).reduce(first) { max($0, $1) }, file, index))
            }
        }
        all.sort { ($0.due, $0.file, $0.line) < ($1.due, $1.file, $1.line) }
        let expected = all.map { "\(files[$0.file][$0.line].user) \(files[$0.file][$0.line].time ?? -1) @\($0.due)" }
        #expect(try taken(names) == expected)
    }

    // MARK: - Tracks

    @Test("GPX, by name or content, plain or gzip, merges with lines")
    func tracksAndLines() throws {
        try stage.write("<gpx>\(track("walk", [1_000, 3_000]))</gpx>", "t.gpx")
        try stage.write(line("u", 2_000), "f.ndjson")
        let expected = ["walk 1000 @1000", "u 2000 @2000", "walk 3000 @3000"]
        #expect(try taken(["f.ndjson", "t.gpx"]) == expected)
        try stage.write(Array(contentsOf("\(stage.path)/t.gpx")), "content")
        try stage.gzip("t.gpx")
        #expect(try taken(["f.ndjson", "t.gpx.gz"]).suffix(3) == expected[...])
        #expect(try taken(["content", "f.ndjson"]).suffix(3) == expected[...])
    }

    @Test("Tracks of one file were recorded side by side; each keeps its own order")
    func tracksSideBySide() throws {
        let text = track("a", [1_000, 5_000, 4_000, 6_000]) + track("b", [2_000, 5_000]) + track("a", [5_500])
        try stage.write("<gpx>\(text)</gpx>", "t.gpx")
        #expect(
            try taken(["t.gpx"]) == [
                "a 1000 @1000", "b 2000 @2000", "a 5000 @5000", "a 4000 @5000", "b 5000 @5000", "a 5500 @5500", "a 6000 @6000",
            ])
    }

    @Test("A point that is no fix is named and counted; what is no track is noted")
    func badPoints() throws {
        let points =
            "<trkpt lat=\"1\" lon=\"2\"/>\n<trkpt lat=\"1\" lon=\"2\"><time>1970-01-01T00:00:01Z</time></trkpt>\n<trkpt lat=\"99\" lon=\"2\"/>"
        try stage.write("<gpx>\n<wpt lat=\"1\" lon=\"2\"/>\n<trk><trkseg>\n\(points)\n</trkseg></trk></gpx>", "t.gpx")
        let performance = try stage.rehearse(["t.gpx"])
        #expect(
            performance.err.dropLast() == [
                "t.gpx:2: waypoints (<wpt>) are no recorded fixes, and are passed over",
                "t.gpx:4: the point at lat 1.0, lon 2.0 has no time, so it is no fix", "t.gpx:6: lat is 99, must be within -90 and 90",
            ])
        #expect(
            performance.err.last?.hasPrefix("3 lines: 1 accepted, 0 stale, 0 inaccurate, 0 implausible, 2 errors; 1 encounter; ") == true)
        #expect(performance.fault == .refused("2 lines refused"))
    }

    @Test("A broken track ends it before anything is said")
    func brokenTrack() throws {
        try stage.write("<gpx>\(track("a", [1_000]))", "t.gpx")
        try stage.write(line("u", 2_000), "f.ndjson")
        let performance = try stage.rehearse(["f.ndjson", "t.gpx"])
        #expect(performance.err == ["t.gpx:4: the file ends within <gpx>, which was opened on line 1"])
        #expect(performance.fault?.exitStatus == .badData && performance.out == [] && stage.diary.all == [])
    }
}
