import Testing
import VicinityCore

/// Small pictures of one user and one subject, drawn along a line.
struct PairTests {
    /// track: I inside, m in the margin, O outside      report: E enter, L leave, . nothing
    @Test(arguments: [
        (track: "OOIIOO", report: "..E.L."),  // straight through
        (track: "OmOmOI", report: ".....E"),  // the margin alone never enters
        (track: "OImImO", report: ".E...L"),  // nor does it leave
        (track: "IIIIII", report: "E....."),
        (track: "IOIOIO", report: "ELELEL"),
    ])
    func tracks(track: String, report: String) { #expect(play(track) == report) }

    /// Reports what each fix of a user causes, for one subject at the origin and the default halo.
    private func play(_ track: String) -> String {
        var rules = Rules()
        rules.accuracyCap = 0
        rules.maxSpeed = 0
        var engine = Engine(rules: rules, hashSeed: 1, signOffKey: SipHashKey(1, 2), precisionKey: SipHashKey(3, 4))
        var changes = Changes()
        engine.put(
            [SubjectPlacement(id: [1], kind: nil, position: Coordinate(latitude: 0, longitude: 0))], now: ClockReading(wall: 0, steady: 0),
            into: &changes)
        var report = ""
        for (index, letter) in track.enumerated() {
            // A unit of longitude is 1.113 cm at the equator: 300 m, 520 m and 700 m.
            let longitude: Int32 = letter == "I" ? 26_950 : letter == "m" ? 46_710 : 62_880
            var batch = FixBatch(source: 1, firstLine: UInt64(index + 1))
            batch.ids = [117]
            batch.fixes = [
                Fix(
                    kind: .user, idOffset: 0, idLength: 1, line: 0, hash: engine.hasher.hash([117]), latitude: 0, longitude: longitude,
                    time: Int64(index + 1) * 1000)
            ]
            engine.apply(batch, now: ClockReading(wall: 1_000_000, steady: 0), into: &changes)
            switch changes.transitions.first?.change {
            case .enter: report += "E"
            case .leave: report += "L"
            case .report, .following: report += "?"
            case nil: report += "."
            }
            changes.removeAll()
        }
        return report
    }
}
