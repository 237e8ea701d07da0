/// A rectangle of cells, perhaps across the antimeridian.
public struct MapWindow: Equatable, Sendable {
    /// The most cells that are told of at once.
    public static let greatest = 4096

    public let level: Int
    /// The westernmost column; the others follow eastwards, from the last one of the level to the first.
    public let x: Int
    /// 1 up to 2^level.
    public let columns: Int
    /// The northernmost row.
    public let y: Int
    /// 1 up to 2^level − ``y``.
    public let rows: Int

    /// - Parameter columns: as many as the level has, or more, are all of them, from 180° W.
    init(level: Int, x: Int, columns: Int, y: Int, rows: Int) {
        (self.level, self.y, self.rows) = (level, y, rows)
        (self.x, self.columns) = columns < 1 << level ? (x, columns) : (0, 1 << level)
    }

    /// All cells of the finest level that a rectangle of degrees touches; what lies beyond 85.0511° counts as that edge.
    ///
    /// The edges that ``west``, ``south``, ``east`` and ``north`` say of a window give the same window.
    ///
    /// - Parameters:
    ///   - west: −180 to 180, as is `east`; the window goes eastwards from here, across the antimeridian if `east` is less.
    ///   - south: −90 to `north`.
    public init(west: Double, south: Double, east: Double, north: Double) {
        // The antimeridian has two names; of the edge that lies on it, the one is meant from which it goes on.
        let (west, east) = west > east ? (west == 180 ? -180 : west, east == -180 ? 180 : east) : (west, east)
        let first = Self.column(Self.units(west).rounded(.up))
        // Positions are whole units: these are the last one west of the edge, and the first one north of it.
        let last = Self.column(Self.units(east).rounded(.up) - 1)
        let columns = (west > east ? last + MapEdges.side : max(first, last)) - first + 1
        let top = Self.row(Self.units(north).rounded(.down))
        let bottom = Self.row(Self.units(south).rounded(.down) + 1)
        self.init(level: MapCell.finest, x: first, columns: columns, y: top, rows: max(0, bottom - top) + 1)
    }

    /// Everything.
    public static let world = MapWindow(level: MapCell.finest, x: 0, columns: MapEdges.side, y: 0, rows: MapEdges.side)

    private static func units(_ degrees: Double) -> Double {
        let units = degrees * Coordinate.unitsPerDegree
        let whole = units.rounded()
        return abs(units - whole) < 1e-4 ? whole : units
    }

    private static func column(_ units: Double) -> Int { MapEdges.column(of: Int32(max(-1_800_000_000, min(1_799_999_999, units)))) }

    private static func row(_ units: Double) -> Int {
        let latitude = max(Double(MapEdges.north[MapEdges.side]) + 1, min(Double(MapEdges.north[0]), units))
        return MapEdges.row(of: Int32(latitude)) ?? 0
    }

    // MARK: - Levels

    public var count: Int { columns * rows }

    /// The cells of a coarser level, or the same, that hold all of these.
    ///
    /// - Parameter level: 0 up to that of the window.
    public func coarsened(to level: Int) -> MapWindow {
        precondition((0...self.level).contains(level), "a window is coarsened, not refined")
        let shift = self.level - level
        let span = (x + columns - 1) >> shift - x >> shift + 1
        return MapWindow(
            level: level, x: x >> shift, columns: span, y: y >> shift, rows: (y + rows - 1) >> shift - y >> shift + 1)
    }

    /// At the finest level at which it has at most ``greatest`` cells.
    public var fitted: MapWindow {
        var window = self
        while window.count > Self.greatest { window = coarsened(to: window.level - 1) }
        return window
    }

    public func contains(_ cell: MapCell) -> Bool {
        let east = (cell.x - x + 1 << level) & (1 << level - 1)
        return cell.level == level && east < columns && (y..<y + rows).contains(cell.y)
    }

    // MARK: - Edges

    /// Degrees: −180 up to less than 180.
    public var west: Double { Self.longitude(x, level) }
    /// Degrees: more than −180 up to 180; less than ``west`` if the window crosses the antimeridian.
    public var east: Double {
        let end = x + columns
        return Self.longitude(end > 1 << level ? end - 1 << level : end, level)
    }
    /// Degrees.
    public var north: Double { Self.latitude(y, level) }
    /// Degrees; what lies on it is in no cell of the window.
    public var south: Double { Self.latitude(y + rows, level) }

    private static func longitude(_ column: Int, _ level: Int) -> Double { Double(column) * 360 / Double(1 << level) - 180 }

    private static func latitude(_ row: Int, _ level: Int) -> Double {
        Double(MapEdges.north[row << (MapCell.finest - level)]) / Coordinate.unitsPerDegree
    }
}
