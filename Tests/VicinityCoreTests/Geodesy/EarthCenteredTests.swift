import Testing
import VicinityCore

@Suite struct EarthCenteredTests {
    /// 240,000 pairs in all.
    @Test(arguments: UInt64(0)..<24)
    func staysWithinItsError(seed: UInt64) {
        var sampler = GeodesySampler(seed: seed)
        var outside = 0
        var finite = 0
        for _ in 0..<10_000 {
            let first = sampler.place()
            let second = sampler.neighbour(of: first, at: sampler.size(0.01, 1_180_000))
            let answer = EarthCentered.distance(EarthCentered(first), EarthCentered(second))
            let miss = abs(answer.metres - Geodesic.distance(from: first, to: second))
            // Not `miss > error`: that would let one that is not a number pass.
            if !(miss <= answer.error) { outside += 1 }
            if answer.error.isFinite { finite += 1 }
        }
        #expect(outside == 0, "seed \(seed)")
        #expect(finite == 10_000, "seed \(seed)")
    }

    /// As tight as promised, and not tighter than true: the worst error comes near the bound.
    @Test func boundIsTight() {
        var sampler = GeodesySampler(seed: 1)
        for (metres, promised) in [(500.0, 2.1e-8), (10_000, 2.1e-8), (100_000, 3e-7), (1_000_000, 0.03)] {
            var worst = 0.0
            for _ in 0..<2000 {
                let first = sampler.place()
                let second = sampler.neighbour(of: first, at: metres)
                let answer = EarthCentered.distance(EarthCentered(first), EarthCentered(second))
                #expect(answer.error < promised)
                worst = max(worst, abs(answer.metres - Geodesic.distance(from: first, to: second)) / answer.error)
            }
            // Near by, rounding decides, and that is the machine's.
            #expect(worst > (metres < 100_000 ? 0 : 0.3), "\(metres)")
        }
    }

    @Test func places() {
        let pole = EarthCentered(Coordinate(latitude: 900_000_000, longitude: 77))
        #expect(pole.x == 0 && pole.y == 0)
        #expect(abs(pole.z - 6_356_752.314_245_179) < 2e-9)
        let origin = EarthCentered(Coordinate(latitude: 0, longitude: 0))
        #expect(origin.x == 6_378_137 && origin.y == 0 && origin.z == 0)
        let antimeridian = EarthCentered(Coordinate(latitude: 0, longitude: -1_800_000_000))
        #expect(antimeridian.x == -6_378_137 && antimeridian.y == 0 && antimeridian.z == 0)
    }

    @Test func farAwayIsNotCertified() {
        let origin = EarthCentered(Coordinate(latitude: 0, longitude: 0))
        for longitude in [Int32(120_000_000), 900_000_000, -1_800_000_000] {
            let answer = EarthCentered.distance(origin, EarthCentered(Coordinate(latitude: 0, longitude: longitude)))
            #expect(answer.error == .infinity)
            #expect(!answer.metres.isNaN)
        }
        #expect(EarthCentered.distance(origin, origin).metres == 0)
    }
}
