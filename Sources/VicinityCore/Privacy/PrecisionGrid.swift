// Which place is shown instead of the true one: the centre of a cell that holds it, and is as large as the entry asks for.
//
// The earth is cut along parallels into *rows* of G metres, and each row into columns of one angle. A row is narrower on the side of its
// pole, so that the number of its columns is chosen for both of its edges: everywhere in the row a column is between G/2 and 2 G metres
// wide. Where fewer than three columns of G metres fit round a row's edge, the row and what lies beyond it up to the pole is one cell, the
// *cap*, whose centre is the pole.
//
// The origin is shifted along both axes, by amounts that follow from the subject's id under the installation's key: who does not know the key
// does not know where the cells lie, and learns nothing from the edges of those of other subjects. All that is told of a position is a
// function of its cell, so two positions of one cell cannot be told apart (decision 0040).

import CPrimitives

/// The grid of one subject.
public struct PrecisionGrid: Sendable {
    /// Metres: G, the height of a row.
    private let side: Double
    /// Metres by which the rows begin south of the equator, 0 up to ``side``.
    private let northShift: Double
    /// Units of 1e-7 degree by which the columns begin west of 0°, 0 up to a full turn.
    private let eastShift: UInt64

    private static var turn: UInt64 { UInt64(Coordinate.turn) }
    /// Metres: far less than the distance of two positions that can be told apart, and enough for the arithmetic.
    private static var leastSide: Double { 0.001 }

    /// - Parameters:
    ///   - side: G, in metres, above 0 and at most 100,000.
    ///   - id: of the subject.
    ///   - key: the installation's own.
    public init(side: Double, id: UnsafeRawBufferPointer, key: SipHashKey) {
        precondition(side > 0 && side <= 100_000, "a cell's side is above 0 and at most 100 km")
        self.side = max(side, Self.leastSide)
        let north = key.hash(id)
        // No id holds a control character, and so none is what is hashed for the second axis.
        let east = withUnsafeBytes(of: (north.littleEndian, UInt64(1).littleEndian)) { key.hash($0) }
        northShift = Double(north >> 11) * 0x1p-53 * self.side
        eastShift = east.multipliedFullWidth(by: Self.turn).high
    }

    /// The centre of the cell that holds a position: the same for every position of the cell, the centre included.
    ///
    /// - Returns: for the cell round a pole, the pole at longitude 0.
    /// - Complexity: about half a microsecond; no allocation.
    public func center(of position: Coordinate) -> Coordinate {
        let number = ((MeridianArc.length(to: position.latitude) + northShift) / side).rounded(.down)
        guard let columns = columns(inRow: number) else {
            return Coordinate(latitude: position.latitude < 0 ? -900_000_000 : 900_000_000, longitude: 0)
        }
        let middle = MeridianArc.latitude(at: (number + 0.5) * side - northShift)
        return Coordinate(latitude: Int32(middle.rounded()), longitude: middleLongitude(of: position.longitude, columns: columns))
    }

    /// How many columns a row has; `nil` if it belongs to the cell round a pole.
    private func columns(inRow number: Double) -> UInt64? {
        let south = MeridianArc.latitude(at: number * side - northShift)
        let north = MeridianArc.latitude(at: (number + 1) * side - northShift)
        let (first, second) = (Self.circumference(at: south), Self.circumference(at: north))
        let least = min(first, second)
        let greatest = south < 0 && north > 0 ? Self.circumference(at: 0) : max(first, second)
        guard least >= 3 * side else { return nil }
        let wanted = ((least * greatest).squareRoot() / side).rounded()
        // At most 2 G on the wide side, at least G/2 on the narrow one.
        let columns = min(max(wanted, (greatest / (2 * side)).rounded(.up)), (2 * least / side).rounded(.down))
        return columns < Double(Self.turn) ? UInt64(columns) : Self.turn
    }

    /// The middle of the column that holds a longitude.
    private func middleLongitude(of longitude: Int32, columns: UInt64) -> Int32 {
        let turn = Self.turn
        // All of it in integers below 2^64, since a turn squared is.
        let east = (UInt64(Int64(longitude) + Int64(turn)) + eastShift) % turn
        let column = east * columns / turn
        let first = (column * turn + columns - 1) / columns
        let last = ((column + 1) * turn + columns - 1) / columns - 1
        let middle = Int64(((first + last) / 2 + turn - eastShift) % turn)
        return Int32(middle < Int64(turn / 2) ? middle : middle - Int64(turn))
    }

    /// Metres round the earth along a parallel.
    ///
    /// - Parameter latitude: in units of 1e-7 degree, −900,000,000 to 900,000,000.
    private static func circumference(at latitude: Double) -> Double {
        // The angle is counted from the pole, where the parallel is short.
        let cosine = vicinity_sin((900_000_000 - abs(latitude)) * Ellipsoid.radiansPerUnit)
        let prime = (1 - Ellipsoid.eccentricitySquared * (1 - cosine * cosine)).squareRoot()
        return 2 * Double.pi * Ellipsoid.equatorialRadius * cosine / prime
    }
}
