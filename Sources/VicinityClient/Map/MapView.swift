// Which part of the map is on the screen. A character is a rectangle of the projection, so that cells and characters never cross each other:
//
//     zoom z: the world is 2^z rows high and 2^(z+1) columns wide; a cell of level z is one row and two columns, about a square
//
// A key changes it; the daemon does not.

package struct MapView: Equatable, Sendable {
    /// Of the part of the screen that is the map.
    package struct Area: Equatable, Sendable {
        package var columns: Int
        package var rows: Int

        package init(columns: Int, rows: Int) {
            self.columns = max(1, columns)
            self.rows = max(1, rows)
        }
    }

    /// The whole world is 16 rows; a row is 38 m at the equator.
    package static let zooms = 4...20

    package private(set) var zoom: Int
    /// The middle, in parts of the world, which stays when the zoom or the size of the screen changes. Multiples of 2^-40, so that who pans there and
    /// back is where they were.
    private var x: Double
    private var y: Double
    /// Which column of the world is the first one; below 0 where the world is narrower than the screen, which it is not by the other turn.
    package private(set) var left: Int
    package private(set) var top: Int
    package private(set) var area: Area
    package var showsHelp = false

    /// - Parameters:
    ///   - center: is in the middle.
    ///   - width: so much is to be seen at least, but for the whole world.
    package init(center: MapPlace, width: MapWidth, area: Area) {
        let metres = Mercator.width(at: max(-Mercator.edge, min(Mercator.edge, center.latitude)))
        let fitting = Self.zooms.last { metres * Double(area.columns) / Double(2 << $0) >= width.metres }
        self.init(zoom: fitting ?? Self.zooms.lowerBound, x: Mercator.x(center.longitude), y: Mercator.y(center.latitude), area: area)
    }

    /// The finest view of a rectangle.
    ///
    /// - Parameter width: so much is to be seen at least.
    package init(fitting bounds: MapBounds, atLeast width: MapWidth, area: Area) {
        let fitting = Self.zooms.last {
            bounds.width * Double(2 << $0) <= Double(area.columns) && bounds.height * Double(1 << $0) <= Double(area.rows)
        }
        let zoom = min(fitting ?? Self.zooms.lowerBound, MapView(center: bounds.center, width: width, area: area).zoom)
        self.init(zoom: zoom, x: bounds.x + bounds.width / 2, y: bounds.y + bounds.height / 2, area: area)
    }

    /// - Parameters:
    ///   - x: of the middle, as is `y`.
    private init(zoom: Int, x: Double, y: Double, area: Area) {
        let unit = 0x1p40
        (self.zoom, self.area, left, top) = (zoom, area, 0, 0)
        (self.x, self.y) = ((x * unit).rounded() / unit, (y * unit).rounded() / unit)
        settle()
    }

    // MARK: - Where it is

    package var worldColumns: Int { 2 << zoom }
    package var worldRows: Int { 1 << zoom }

    package var center: MapPlace { MapPlace(latitude: Mercator.latitude(y), longitude: Mercator.longitude(x)) }

    /// Metres that a column is wide in the middle of the screen.
    package var columnWidth: Double { Mercator.width(at: center.latitude) / Double(worldColumns) }

    /// What of the world is to be seen.
    package var bounds: MapBounds {
        let (first, end) = (max(0, top), min(worldRows, top + area.rows))
        return MapBounds(
            x: Double(left) / Double(worldColumns), y: Double(first) / Double(worldRows),
            width: min(1, Double(area.columns) / Double(worldColumns)), height: Double(end - first) / Double(worldRows))
    }

    /// The finest level that there is for it, of not too many cells.
    package var level: Int {
        let columns = min(area.columns, worldColumns)
        return (0...min(zoom, Mercator.finest)).last { level in
            let shift = zoom - level
            // One more on each side, where a cell is cut by the edge.
            return (columns >> (shift + 1) + 2) * (min(area.rows, worldRows) >> shift + 2) <= 4096
        } ?? 0
    }

    /// The column of the screen on which a column of the world is, 0 up to that many − 1; `nil` if on none.
    package func column(of world: Int) -> Int? {
        let all = worldColumns
        if all <= area.columns { return world - left }
        let column = ((world - left) % all + all) % all
        return column < area.columns ? column : nil
    }

    /// The column and the row of the screen on which a part of the world is.
    package func character(x: Double, y: Double) -> (column: Int, row: Int)? {
        let row = Int((y * Double(worldRows)).rounded(.down)) - top
        guard (0..<area.rows).contains(row), let column = column(of: Int((x * Double(worldColumns)).rounded(.down))) else { return nil }
        return (column, row)
    }

    // MARK: - Elsewhere

    /// Works out what is at the left and at the top: the world has no end to the east, but one to the north.
    private mutating func settle() {
        x -= x.rounded(.down)
        y = max(0, min(1, y))
        let first = Int((x * Double(worldColumns) - Double(area.columns) / 2).rounded())
        left = worldColumns <= area.columns ? -(area.columns - worldColumns) / 2 : (first % worldColumns + worldColumns) % worldColumns
        let row = Int((y * Double(worldRows) - Double(area.rows) / 2).rounded())
        top = worldRows <= area.rows ? -(area.rows - worldRows) / 2 : max(0, min(worldRows - area.rows, row))
    }

    package mutating func pan(columns: Int, rows: Int) {
        x += Double(columns) / Double(worldColumns)
        // No further than to where the edge of the world is that of the screen.
        let margin = min(0.5, Double(area.rows) / 2 / Double(worldRows))
        y = max(margin, min(1 - margin, y + Double(rows) / Double(worldRows)))
        settle()
    }

    package mutating func zoom(by steps: Int) {
        zoom = max(Self.zooms.lowerBound, min(Self.zooms.upperBound, zoom + steps))
        settle()
    }

    /// Another size of the screen; the middle stays.
    package mutating func resize(to area: Area) {
        guard area != self.area else { return }
        self.area = area
        settle()
    }

    /// Does what a key says; those that are not about what is seen change nothing.
    ///
    /// - Parameter start: where `0` goes back to.
    package mutating func take(_ key: MapKey, start: MapView) {
        if showsHelp {
            showsHelp = false
            return
        }
        switch key {
        case .help: showsHelp = true
        case .left: pan(columns: -8, rows: 0)
        case .right: pan(columns: 8, rows: 0)
        case .up: pan(columns: 0, rows: -4)
        case .down: pan(columns: 0, rows: 4)
        case .farLeft: pan(columns: -area.columns / 2, rows: 0)
        case .farRight: pan(columns: area.columns / 2, rows: 0)
        case .farUp: pan(columns: 0, rows: -area.rows / 2)
        case .farDown: pan(columns: 0, rows: area.rows / 2)
        case .zoomIn: zoom(by: 1)
        case .zoomOut: zoom(by: -1)
        case .start:
            let area = area
            self = start
            resize(to: area)
        case .refresh, .quit, .suspend, .other: break
        }
    }
}
