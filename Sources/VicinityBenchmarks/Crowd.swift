import VicinityCore

/// A crowd on a square, seeded: the same fixes on every machine.
struct Crowd {
    private var state: UInt64
    private(set) var latitudes: [Int32] = []
    private(set) var longitudes: [Int32] = []
    private var headings: [Double] = []
    private let side: Int32
    private let step: Double
    private var round: Int64 = 0
    let ids: [[UInt8]]

    /// Long after every fix.
    static let now = ClockReading(wall: 1_800_000_000_000, steady: 0)

    /// South-west corner of the square, in units of 1e-7 degree.
    static let south: Int32 = 395_000_000
    static let west: Int32 = 1_160_000_000

    /// - Parameters:
    ///   - kilometers: side of the square.
    ///   - step: metres between two fixes of a user.
    init(users: Int, kilometers: Double, step: Double, seed: UInt64) {
        state = seed
        side = Int32(kilometers * 1000 / 0.0111)
        self.step = step / 0.0111
        ids = (0..<users).map { [UInt8]("user-\($0)".utf8) }
        for _ in 0..<users {
            latitudes.append(Self.south + Int32(fraction() * Double(side)))
            longitudes.append(Self.west + Int32(fraction() * Double(side)))
            headings.append(fraction() * 2 * .pi)
        }
    }

    /// 0 up to 1 (SplitMix64).
    mutating func fraction() -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((z ^ (z >> 31)) >> 11) / 9_007_199_254_740_992
    }

    mutating func subjects(_ count: Int) -> [SubjectPlacement] {
        (0..<count).map { index in
            SubjectPlacement(
                id: [UInt8]("subject-\(index)".utf8), kind: [UInt8]("toll".utf8),
                position: Coordinate(
                    latitude: Self.south + Int32(fraction() * Double(side)), longitude: Self.west + Int32(fraction() * Double(side))))
        }
    }

    /// One fix of every user, in an order that has nothing to do with the tables, as batches of `size` lines.
    mutating func round(batch size: Int, hasher: IDHasher) -> [FixBatch] {
        round += 1
        var batches: [FixBatch] = []
        var batch = FixBatch(source: 1, firstLine: 1)
        let count = latitudes.count
        // A step that shares no factor with the count visits every user once.
        var stride = count * 618 / 1000 | 1
        while gcd(stride, count) != 1 { stride += 2 }
        var user = Int(round) % count
        for _ in 0..<count {
            walk(user)
            let id = ids[user]
            let fix = Fix(
                kind: .user, idOffset: UInt32(batch.ids.count), idLength: UInt8(id.count), line: UInt32(batch.fixes.count),
                hash: hasher.hash(id), latitude: latitudes[user], longitude: longitudes[user], time: 1_700_000_000_000 + round * 5000)
            batch.fixes.append(fix)
            batch.ids.append(contentsOf: id)
            if batch.fixes.count == size {
                batches.append(batch)
                batch = FixBatch(source: 1, firstLine: 1)
            }
            user = (user + stride) % count
        }
        if !batch.fixes.isEmpty { batches.append(batch) }
        return batches
    }

    /// One fix of every user as lines.
    mutating func text(hasher: IDHasher, spaced: Bool) -> [UInt8] {
        let gap = spaced ? " " : ""
        var text: [UInt8] = []
        for batch in round(batch: 1000, hasher: hasher) {
            for fix in batch.fixes {
                let id = String(decoding: batch.ids[Int(fix.idOffset)..<Int(fix.idOffset) + Int(fix.idLength)], as: UTF8.self)
                let latitude = formatted(Double(fix.latitude) / 1e7, 6)
                let longitude = formatted(Double(fix.longitude) / 1e7, 6)
                text += "{\"user\":\(gap)\"\(id)\",\(gap)\"lat\":\(gap)\(latitude),\(gap)\"lon\":\(gap)\(longitude),".utf8
                text += "\(gap)\"ts\":\(gap)\(fix.time)}\n".utf8
            }
        }
        return text
    }

    private mutating func walk(_ user: Int) {
        headings[user] += (fraction() - 0.5) * 0.6
        // Triangle waves would do; a turn at the edge keeps the density even.
        let latitude = Double(latitudes[user]) + step * cosine(headings[user])
        let longitude = Double(longitudes[user]) + step * 1.3 * cosine(headings[user] - .pi / 2)
        if latitude < Double(Self.south) || latitude > Double(Self.south + side) || longitude < Double(Self.west)
            || longitude > Double(Self.west + side)
        {
            headings[user] += .pi
            return
        }
        latitudes[user] = Int32(latitude)
        longitudes[user] = Int32(longitude)
    }

    /// Good to 1e-3, which is plenty for a walk.
    private func cosine(_ angle: Double) -> Double {
        var x = angle.truncatingRemainder(dividingBy: 2 * .pi)
        if x < 0 { x += 2 * .pi }
        let y = abs(x - .pi) - .pi / 2
        return y * (1 - y * y * (1.0 / 6 - y * y * (1.0 / 120 - y * y / 5040)))
    }

    private func gcd(_ a: Int, _ b: Int) -> Int { b == 0 ? a : gcd(b, a % b) }
}
