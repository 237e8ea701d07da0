import CPrimitives
import Testing
import VicinitySimulation

/// The filter of a cell's members against the same sums in doubles: plain, and by whatever this processor can do.
@Suite("The scan of a cell's members")
struct GridScanTests {
    private struct Member {
        var latitude: UInt16
        var longitude: UInt16
        var radius: UInt16
        var slack: UInt8
    }

    private static let step = vicinity_step(
        latitude: 30_000, longitude: 28_000, old_latitude: 30_700, old_longitude: 27_500, latitude_unit: 1, latitude_middle: 0,
        longitude_unit: 2, longitude_middle: 1, radius_unit: 0.011, radius_middle: 0.0055, meridian: 0.0111, meridian_slope: 1e-14,
        parallel: 0.0086, parallel_slope: -6e-12, length: 9, doubt: 0.1, margin: 15)

    /// - Parameter doubt: metres; whoever is concerned with less than none is surely so, whoever is not with more is surely not.
    private func isConcerned(_ member: Member, doubt: Double) -> Bool {
        let step = Self.step
        func distance(_ latitude: Float, _ longitude: Float) -> Double {
            let high = Double(member.latitude) - Double(step.latitude)
            let middle = high + Double(latitude - step.latitude)
            let y = (Double(member.latitude) - Double(latitude)) * (Double(step.meridian) + Double(step.meridian_slope) * middle)
            let x = (2 * Double(member.longitude) + 1 - Double(longitude)) * (Double(step.parallel) + Double(step.parallel_slope) * middle)
            return (x * x + y * y).squareRoot()
        }
        let radius = Double(member.radius) * Double(step.radius_unit) + Double(step.radius_middle)
        let beyond = distance(step.latitude, step.longitude) - radius
        let before = distance(step.old_latitude, step.old_longitude) - radius
        // Who is inside is concerned where the slack reaches beyond the margin.
        let slack = Double(member.slack) + doubt
        if abs(beyond) <= doubt || (beyond > 0 ? beyond <= slack : -beyond <= slack - Double(step.margin)) { return true }
        return beyond > 0 ? before <= doubt : before >= -doubt
    }

    /// As a cell lays them out.
    private func blocks(_ members: [Member]) -> [vicinity_members] {
        var blocks = [vicinity_members](repeating: vicinity_members(), count: members.count / 8 + 1)
        blocks.withUnsafeMutableBytes { bytes in
            for (place, member) in members.enumerated() {
                let block = place / 8 * 64
                bytes.storeBytes(of: member.latitude, toByteOffset: block + 2 * (place % 8), as: UInt16.self)
                bytes.storeBytes(of: member.longitude, toByteOffset: block + 16 + 2 * (place % 8), as: UInt16.self)
                bytes.storeBytes(of: member.radius, toByteOffset: block + 32 + 2 * (place % 8), as: UInt16.self)
                bytes.storeBytes(of: member.slack, toByteOffset: block + 48 + place % 8, as: UInt8.self)
            }
        }
        return blocks
    }

    @Test("finds whom the step concerns, and nobody else, whatever the processor", arguments: [true, false])
    func exact(isPlain: Bool) {
        var random = SeededRandom(seed: 3)
        var concerned = 0
        for count in 0..<200 {
            var members: [Member] = []
            for _ in 0..<count {
                members.append(
                    Member(
                        latitude: UInt16(random.below(65_536)), longitude: UInt16(random.below(40_000)),
                        radius: UInt16(8_000 + random.below(40_000)), slack: UInt8(random.below(40))))
            }
            let blocks = blocks(members)
            var places = [UInt32](repeating: 0, count: count + 1)
            var greatest: UInt8 = 0
            var step = Self.step
            let number: Int
            if isPlain {
                number = vicinity_scan_step_plain(blocks, count, &step, &places, &greatest)
            } else {
                number = vicinity_scan_step(blocks, count, &step, &places, &greatest)
            }
            let found = Set(places.prefix(number).map { Int($0) })
            concerned += found.count
            #expect(Int(greatest) == members.map { Int($0.slack) }.max() ?? 0)
            for place in members.indices {
                if isConcerned(members[place], doubt: 0.09) { #expect(found.contains(place)) }
                if !isConcerned(members[place], doubt: 0.11) { #expect(!found.contains(place)) }
            }
        }
        #expect(concerned > 500)
    }
}
