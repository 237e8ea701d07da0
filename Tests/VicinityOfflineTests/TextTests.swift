// What operators and their scripts read, compared byte for byte.

import Foundation
import Testing

@testable import VicinityOffline

enum Golden {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures").path

    /// Compares with a file, or rewrites it under `VICINITY_UPDATE_GOLDEN=1`.
    static func expect(_ text: String, equals name: String, _ location: SourceLocation = #_sourceLocation) throws {
        let path = "\(directory)/\(name)"
        if ProcessInfo.processInfo.environment["VICINITY_UPDATE_GOLDEN"] == "1" {
            try (text + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text + "\n" == golden, "\(name) differs; VICINITY_UPDATE_GOLDEN=1 rewrites it", sourceLocation: location)
    }
}

@Suite("What the commands say")
struct TextTests {
    private var sound: Report {
        var report = Report(directory: "/var/lib/vicinity")
        report.figures.bytes = 1_503_238_553
        report.figures.schema = 2
        report.figures.logID = "7f0c52d4a1b34e0f9a6f3a1be5a1c9d2"
        report.figures.wasClean = true
        report.figures.commit = 48_211
        report.figures.head = 10_004_096
        report.figures.oldest = 4_097
        report.figures.events = 10_000_000
        report.figures.blocks = 4_883
        report.figures.users = 1_000_000
        report.figures.pairs = 41_200
        report.figures.subjects = 100_000
        report.figures.signOffs = 17
        report.figures.cursors = 2
        return report
    }

    private var damaged: Report {
        var report = sound
        report.lock = .held(process: 4711)
        report.figures.wasClean = false
        report.figures.users = nil
        report.figures.pairs = nil
        report.figures.events = 9_997_952
        report.figures.blocks = 4_882
        report.findings.add(
            .log, "events 6145 to 8192: the block of event 6145 does not say what was written there",
            meaning: "subscribers that come to them get an error")
        report.findings.add(.state, "state page 34 does not say what was written there", meaning: StateSurvey.meaningOfState)
        for number in 0..<23 { report.findings.add(.file, "page \(number)", meaning: "the daemon refuses to start") }
        report.notes = ["this is a backup that no daemon has opened yet; as a log it will have a new id"]
        return report
    }

    @Test("A sound log") func soundText() throws { try Golden.expect(sound.text, equals: "sound.txt") }
    @Test("A damaged log") func damagedText() throws { try Golden.expect(damaged.text, equals: "damaged.txt") }
    @Test("Only the events") func logText() throws { try Golden.expect(sound.logText, equals: "verify.txt") }

    @Test("Reports for programs")
    func reportJSON() throws {
        try Golden.expect(String(decoding: sound.json, as: UTF8.self), equals: "sound.json")
        try Golden.expect(String(decoding: damaged.json, as: UTF8.self), equals: "damaged.json")
        try Golden.expect(String(decoding: Unexaminable("cannot open it: why").json, as: UTF8.self), equals: "unexaminable.json")
    }

    @Test("A new log, of which nothing is known yet")
    func newLog() throws {
        var report = Report(directory: "state")
        report.figures.head = 0
        report.figures.oldest = 1
        report.figures.users = 0
        report.figures.pairs = 0
        try Golden.expect(report.text, equals: "new.txt")
    }

    private var saved: SalvageReport {
        var report = SalvageReport(source: "/var/lib/vicinity", target: "/srv/saved")
        report.logID = "7f0c52d4a1b34e0f9a6f3a1be5a1c9d2"
        report.saved.events = 9_991_808
        report.saved.oldest = 8_193
        report.saved.head = 10_000_003
        report.saved.users = 999_744
        report.saved.pairs = 41_197
        report.saved.subjects = 99_999
        report.saved.signOffs = 17
        report.saved.cursors = 2
        return report
    }

    private var partly: SalvageReport {
        var report = saved
        report.isNewLog = true
        report.closed = 3
        report.lose(.log, "events 6145 to 8192: the block of event 6145 does not say what was written there")
        report.lose(.register, "the subject in slot 17 does not say what was written there")
        report.lostUsers.add(Array("u-17".utf8))
        report.lostUsers.add(Array("u-18".utf8))
        report.lostUsers.addNameless()
        return report
    }

    @Test("A salvage of everything") func wholeText() throws { try Golden.expect(saved.text, equals: "salvage-whole.txt") }
    @Test("A salvage of a part") func partText() throws { try Golden.expect(partly.text, equals: "salvage-part.txt") }

    @Test("Salvages for programs")
    func salvageJSON() throws {
        try Golden.expect(String(decoding: saved.json, as: UTF8.self), equals: "salvage-whole.json")
        try Golden.expect(String(decoding: partly.json, as: UTF8.self), equals: "salvage-part.json")
    }
}
