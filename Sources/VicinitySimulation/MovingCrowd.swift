package import VicinityCore

/// Users who walk at random over a square with subjects in it, for load and demo.
///
/// Walks turn back at the square's edge. Everything is drawn from the seed.
package struct MovingCrowd: Sendable {
    /// The middle of the square: Austin, Texas.
    private static let centre = Coordinate(latitude: 302_672_000, longitude: -977_431_000)
    /// 1e-7 degree in a metre of latitude and of longitude at the centre; the square is a degree or so wide, and a
    /// walk's length need not be exact.
    private static let unitsPerMetre = (north: 90.2, east: 103.9)

    private let side: Double
    private let step: Double
    private let subjects: Int
    private var random: SeededRandom
    /// Metres north and east of the square's corner.
    private var walkers: [(north: Double, east: Double)]
    private var order: [Int]

    /// - Parameters:
    ///   - side: of the square, in metres.
    ///   - step: what a user walks from one fix to the next, in metres.
    package init(users: Int, subjects: Int, side: Double, step: Double, seed: UInt64) {
        self.side = side
        self.step = step
        self.subjects = subjects
        random = SeededRandom(seed: seed)
        order = Array(0..<users)
        walkers = []
        walkers.reserveCapacity(users)
        for _ in 0..<users { walkers.append((random.real(0...side), random.real(0...side))) }
    }

    /// The subjects, in order of id.
    package func register() -> [SubjectPlacement] {
        var random = SeededRandom(seed: UInt64(subjects) &* 0x9e37_79b9)
        return (0..<subjects).map { number in
            SubjectPlacement(
                id: [UInt8]("s-\(number)".utf8), kind: [UInt8](random.pick(["toll", "cafe", "stop"]).utf8),
                position: place(north: random.real(0...side), east: random.real(0...side)))
        }
    }

    /// Moves every user once, in an order of chance, and gives each one's line.
    ///
    /// - Parameters:
    ///   - time: of the first line, in Unix milliseconds.
    ///   - span: milliseconds over which the lines' times spread.
    package mutating func walk(at time: Int64, within span: Int64, _ body: (Line) throws -> Void) rethrows {
        for place in stride(from: order.count - 1, to: 0, by: -1) { order.swapAt(place, random.below(place + 1)) }
        for (place, user) in order.enumerated() {
            let direction = random.direction()
            walkers[user].north = turnedBack(walkers[user].north + direction.north * step)
            walkers[user].east = turnedBack(walkers[user].east + direction.east * step)
            let position = self.place(north: walkers[user].north, east: walkers[user].east)
            let taken = time + span * Int64(place) / Int64(order.count)
            try body(Line(.user, [UInt8]("u-\(user)".utf8), at: position, time: taken))
        }
    }

    private func turnedBack(_ value: Double) -> Double {
        if value < 0 { return -value }
        return value > side ? 2 * side - value : value
    }

    private func place(north: Double, east: Double) -> Coordinate {
        Self.centre.moved(
            north: Int64(((north - side / 2) * Self.unitsPerMetre.north).rounded()),
            east: Int64(((east - side / 2) * Self.unitsPerMetre.east).rounded()))
    }
}
