// The cells of the map: one lattice for everybody, at every moment, so that two questions can never cut the same users along two lines.
//
// They are the tiles of Web Mercator: at level z the square of the projection has 2^z columns from 180° W eastwards and 2^z rows from 85.0511° N
// southwards, and a cell of one level is four of the next.
//
//     x = ⌊2^z (λ + 180°) / 360°⌋        y = ⌊2^z (1 − asinh(tan φ) / π) / 2⌋
//
// OGC 17-083r4, Two Dimensional Tile Matrix Set 2.0, annex D.1 (WebMercatorQuad); as on https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames
//
// Only the finest level is computed; where it puts a position, it puts it at every other by leaving bits out. What lies beyond 85.0511° is in no cell.
//
// A cell of the finest level is 40,075 km · cos φ / 2^14 wide: 2,446 m at the equator, 1,223 m at 60°, 837 m at 70°, where the last cities are
// (Tromsø, Murmansk, Norilsk), and 600 m at 75.8°. One level more would be 418 m in those cities.

import CPrimitives

/// A cell of the map.
public struct MapCell: Hashable, Comparable, Sendable {
    /// The level with the smallest cells.
    public static let finest = 14

    /// 0 up to ``finest``.
    public let level: Int
    /// The column, from 180° W: 0 up to 2^level − 1.
    public let x: Int
    /// The row, from the north: 0 up to 2^level − 1.
    public let y: Int

    /// - Precondition: there is such a cell.
    public init(level: Int, x: Int, y: Int) {
        precondition((0...Self.finest).contains(level), "no such level")
        precondition((0..<1 << level).contains(x) && (0..<1 << level).contains(y), "no such cell at this level")
        (self.level, self.x, self.y) = (level, x, y)
    }

    /// The cell that holds a position: its west and north edges belong to it, the others do not.
    ///
    /// - Returns: `nil` beyond 85.0511°.
    /// - Complexity: O(1), about 20 ns.
    public init?(holding position: Coordinate, level: Int) {
        guard let code = MapCode(of: position) else { return nil }
        self = code.cell(at: level)
    }

    /// The four of the next level; `nil` of the finest.
    public var children: [MapCell]? {
        guard level < Self.finest else { return nil }
        return [(0, 0), (1, 0), (0, 1), (1, 1)].map { MapCell(level: level + 1, x: 2 * x + $0.0, y: 2 * y + $0.1) }
    }

    /// In rows from the north, and in a row from the west; coarser levels first.
    public static func < (one: MapCell, other: MapCell) -> Bool { (one.level, one.y, one.x) < (other.level, other.y, other.x) }
}

/// A cell of the finest level as one number: the bits of its row and of its column in turn, from the top, so that all in one cell of any level
/// follow each other (G. M. Morton, 1966).
struct MapCode: Hashable, Comparable, Sendable {
    /// Below 2^28.
    let value: UInt32

    init(value: UInt32) { self.value = value }

    /// - Returns: `nil` beyond 85.0511°.
    @inline(__always)
    init?(of position: Coordinate) {
        guard let row = MapEdges.row(of: position.latitude) else { return nil }
        self.init(x: MapEdges.column(of: position.longitude), y: row)
    }

    /// - Parameters:
    ///   - x: a column of the finest level.
    ///   - y: a row of it.
    @inline(__always)
    init(x: Int, y: Int) { value = Self.spread(UInt32(y)) << 1 | Self.spread(UInt32(x)) }

    /// The number of the cell of a level, in the same order.
    @inline(__always)
    func prefix(at level: Int) -> UInt32 { value >> UInt32(2 * (MapCell.finest - level)) }

    func cell(at level: Int) -> MapCell { Self.cell(prefix(at: level), at: level) }

    /// The cell of a level with this number.
    static func cell(_ prefix: UInt32, at level: Int) -> MapCell {
        MapCell(level: level, x: Int(gathered(prefix)), y: Int(gathered(prefix >> 1)))
    }

    static func < (one: MapCode, other: MapCode) -> Bool { one.value < other.value }

    /// The lower 16 bits with a 0 above each.
    @inline(__always)
    private static func spread(_ number: UInt32) -> UInt32 {
        var bits = number & 0xffff
        bits = (bits | bits << 8) & 0x00ff_00ff
        bits = (bits | bits << 4) & 0x0f0f_0f0f
        bits = (bits | bits << 2) & 0x3333_3333
        return (bits | bits << 1) & 0x5555_5555
    }

    /// Every other bit, from the lowest on.
    private static func gathered(_ number: UInt32) -> UInt32 {
        var bits = number & 0x5555_5555
        bits = (bits | bits >> 1) & 0x3333_3333
        bits = (bits | bits >> 2) & 0x0f0f_0f0f
        bits = (bits | bits >> 4) & 0x00ff_00ff
        return (bits | bits >> 8) & 0xffff
    }
}

/// Where the cells of the finest level end.
enum MapEdges {
    /// Columns, and rows, of the finest level.
    static let side = 1 << MapCell.finest

    /// By row, its northernmost latitude, in units of 1e-7 degree, and at the end the southern edge of the last row, which is in no cell. Descending.
    ///
    /// The edge of row y is gd(π (1 − 2 y / 2^z)), with gd t = atan sinh t; rounded down, since positions are whole units.
    static let north: [Int32] = (0...side).map { row in
        let stretched = Double.pi * (1 - 2 * Double(row) / Double(side))
        return Int32((vicinity_atan2(vicinity_sinh(stretched), 1) / Ellipsoid.radiansPerUnit).rounded(.down))
    }

    /// - Parameter latitude: in units of 1e-7 degree.
    /// - Returns: `nil` beyond the first and the last edge.
    /// - Complexity: 14 comparisons.
    @inline(__always)
    static func row(of latitude: Int32) -> Int? {
        north.withUnsafeBufferPointer { edges in
            guard latitude <= edges[0], latitude > edges[side] else { return nil }
            // The last one whose northern edge is not south of the latitude.
            var row = 0
            var step = side / 2
            while step > 0 {
                if latitude <= edges[row + step] { row += step }
                step /= 2
            }
            return row
        }
    }

    /// - Parameter longitude: in units of 1e-7 degree, −1,800,000,000 up to 1,799,999,999.
    @inline(__always)
    static func column(of longitude: Int32) -> Int {
        Int((UInt64(Int64(longitude) + Coordinate.turn / 2) << UInt64(MapCell.finest)) / UInt64(Coordinate.turn))
    }
}
