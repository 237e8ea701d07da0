// Where a place may be that gave all those answers. Not a fit: every position of the raster of 1e-7 degree is either allowed by all answers or is
// not, and whole squares of them are decided at once where the triangle inequality says so.

import VicinityCore

/// The positions that a set of findings allows.
struct AnswerRegion: Sendable {
    /// A square of positions, `side` units of 1e-7 degree wide and high.
    struct Square: Sendable {
        let south: Int64
        let west: Int64
        let side: Int64
    }

    /// All squares that are allowed, or that were too many to be looked into.
    private(set) var squares: [Square] = []
    /// Metres that a unit is to the north and to the east.
    private let unit: (north: Double, east: Double)

    /// Squares that are looked into at once; with more, those that are left count as allowed, so that the region is never too small.
    private static let most = 30_000
    /// Units: 23 km to the north.
    private static let greatestSide: Int64 = 1 << 21

    /// - Parameter centre: the region is looked for some 10 km about it.
    /// - Complexity: the answers are looked at for the first squares; a smaller one needs those only that do not hold all over the larger one.
    init(_ findings: [Finding], about centre: Coordinate) {
        unit = centre.metresPerUnit
        let half = Self.greatestSide / 2
        let first = Square(south: Int64(centre.latitude) - half, west: Int64(centre.longitude) - half, side: Self.greatestSide)
        var open: [(square: Square, findings: [Finding])] = [(first, findings)]
        while !open.isEmpty {
            guard open.count <= Self.most else {
                squares += open.map(\.square)
                break
            }
            var next: [(square: Square, findings: [Finding])] = []
            for (square, findings) in open {
                for quarter in Self.quarters(of: square) {
                    guard let rest = undecided(findings, in: quarter) else { continue }
                    if rest.isEmpty { squares.append(quarter) } else { next.append((quarter, rest)) }
                }
            }
            open = next
        }
    }

    private static func quarters(of square: Square) -> [Square] {
        let half = square.side / 2
        return [(0, 0), (0, half), (half, 0), (half, half)].map { Square(south: square.south + $0, west: square.west + $1, side: half) }
    }

    /// The findings that hold for some of the square's positions and may not for others; `nil` if one holds for none.
    private func undecided(_ findings: [Finding], in square: Square) -> [Finding]? {
        let middle = Coordinate.wrapping(latitude: square.south + square.side / 2, longitude: square.west + square.side / 2)
        // To the farthest corner, with something for the curvature; a single position is its own middle.
        let half = Double(square.side) / 2
        let reach =
            square.side == 1
            ? 0 : 1.01 * (half * half * (unit.north * unit.north + unit.east * unit.east)).squareRoot() + unit.north
        var rest: [Finding] = []
        for finding in findings {
            let distance = Geodesic.distance(from: finding.place, to: middle)
            if distance + reach <= finding.beyond || distance - reach > finding.within { return nil }
            if distance - reach > finding.beyond && distance + reach <= finding.within { continue }
            rest.append(finding)
        }
        return rest
    }

    /// Square metres.
    var area: Double { squares.reduce(0) { $0 + Double($1.side * $1.side) } * unit.north * unit.east }

    /// The middle of the region: what an attacker would say; `nil` if nothing is allowed.
    var middle: Coordinate? {
        var (weight, north, east) = (0.0, 0.0, 0.0)
        guard let origin = squares.first else { return nil }
        for square in squares {
            let size = Double(square.side * square.side)
            weight += size
            north += size * (Double(square.south - origin.south) + Double(square.side - 1) / 2)
            east += size * (Double(square.west - origin.west) + Double(square.side - 1) / 2)
        }
        return .wrapping(
            latitude: origin.south + Int64((north / weight).rounded()), longitude: origin.west + Int64((east / weight).rounded()))
    }
}
