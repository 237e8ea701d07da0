// The model against pictures drawn by hand: it is the truth of the other tests, so it needs one of its own.

import Testing
import VicinityCore
import VicinitySimulation

/// A user walks along the equator towards and away from one subject; r = 500 m, h = 50 m.
struct ModelPictureTests {
    /// The WGS 84 equator is a circle of 6,378,137 m, so distances along it are known without a geodesic.
    private static let metresPerUnit = 6_378_137 * Double.pi / 180 * 1e-7

    private static func place(_ metres: Double) -> Coordinate {
        Coordinate(latitude: 0, longitude: Int32((metres / metresPerUnit).rounded()))
    }

    private static let start: Int64 = 1_000_000
    private let user = [UInt8]("u".utf8)
    private let subject = SubjectPlacement(id: [UInt8]("s".utf8), kind: nil, position: place(0))

    /// I 400 m, m 525 m (in the margin), w 575 m (in the margin only where accuracy widens it), O 700 m.
    private static let distances: [Character: Double] = ["I": 400, "m": 525, "w": 575, "O": 700]

    /// E enter, L leave, . nothing; one letter a line.
    private func play(_ track: String, accuracy: Double, _ rules: Rules) throws -> String {
        var model = Model(rules: rules, at: ClockReading(wall: Self.start, steady: 0))
        model.perform(.put([subject]))
        var report = ""
        for (index, letter) in track.enumerated() {
            let metres = try #require(Self.distances[letter])
            let line = Line(.user, user, at: Self.place(metres), time: Self.start + Int64(index), accuracy: accuracy)
            let seen = model.events.count
            model.perform(.lines([line]))
            let changes = model.events[seen...].map { event in
                if case .enter = event.change { "E" } else { "L" }
            }
            report += changes.isEmpty ? "." : changes.joined()
        }
        return report
    }

    @Test(arguments: [
        (track: "OOIIOO", report: "..E.L."),  // straight through
        (track: "OmOmOI", report: ".....E"),  // the margin alone never enters
        (track: "OImImO", report: ".E...L"),  // nor does it leave
        (track: "IwIwIO", report: "ELELEL"),  // beyond the margin is out
        (track: "IOIOIO", report: "ELELEL"),
    ])
    func tracksWithoutAccuracy(track: String, report: String) throws {
        var rules = Rules.timeless
        rules.accuracyCap = 0
        let got = try play(track, accuracy: 199, rules)
        #expect(got == report)
    }

    @Test(arguments: [
        (track: "OIwIwO", accuracy: 30.0, report: ".E...L"),  // 575 is not beyond 550 + 30
        (track: "OIwIwO", accuracy: 20.0, report: ".ELEL."),  // but beyond 550 + 20
        (track: "OIwIwO", accuracy: 0.0, report: ".E...L"),  // unknown is taken as 30
        (track: "OIIO", accuracy: 151.0, report: ".E.."),  // 700 is not beyond 550 + 151
        (track: "OIIO", accuracy: 149.0, report: ".E.L"),
        (track: "OIIO", accuracy: 500.0, report: ".E.L"),  // the cap of 140 holds
        (track: "OIIO", accuracy: 501.0, report: "...."),  // not known to within the halo's size
    ])
    func tracksWithAccuracy(track: String, accuracy: Double, report: String) throws {
        var rules = Rules.timeless
        rules.maxAccuracy = 1_000
        rules.accuracyCap = accuracy < 500 ? 160 : 140
        let got = try play(track, accuracy: accuracy, rules)
        #expect(got == report)
    }
}
