// Where the users are, for when a subject changes: cells that hold the users whose anchor lies in them.
//
// Radii differ by orders of magnitude, so users are kept in levels by radius: the cells of level L are 2^(15 + L) units of latitude
// tall (364 m × 2^L) and hold users whose radius is at most as much. A subject that is put asks each level that is in use for the cells
// within its reach, so that one user with 50 km makes no other user's cells larger. Cells exist only where users are.
//
// A subject that moves a few metres concerns only the users whose edge it nears or crosses, a small part of those in the cells. So a cell
// keeps of each user, side by side, what tells most of the others apart without a look at their records: the anchor to 11 m, the radius,
// and a bound of the slack. A fix writes there only if one of these no longer holds.

/// What a cell keeps of a user; see the top of the file.
struct GridMember: Equatable {
    /// Units of 1e-7 degree, the middle of the quantum that holds the anchor.
    var latitude: Float
    var longitude: Float
    /// Metres.
    var radius: Float
    /// Metres; at least the user's slack.
    var slackBound: Float

    /// Units of 1e-7 degree to which places are kept, as a power of two: 11 m of latitude.
    static var quantumShift: Int32 { 10 }
    /// How far an anchor can be from where it is kept, in metres: half the diagonal of a quantum, and the rounding of a Float.
    static var error: Double { 9 }

    init(anchor latitude: Int32, _ longitude: Int32, radius: Double, slackBound: Float) {
        self.latitude = Float((latitude >> Self.quantumShift) << Self.quantumShift + (1 << (Self.quantumShift - 1)))
        self.longitude = Float((longitude >> Self.quantumShift) << Self.quantumShift + (1 << (Self.quantumShift - 1)))
        self.radius = Float(radius)
        self.slackBound = slackBound
    }

    @inline(__always)
    init(_ user: UserRecord) {
        self.init(
            anchor: user.anchorLatitude, user.anchorLongitude, radius: user.radius, slackBound: Float(user.slackBound))
    }

    /// Whole metres that are no less than a slack.
    @inline(__always)
    static func bound(of slack: Float) -> UInt8 { UInt8(min(255, max(0, slack.rounded(.up)))) }

    /// Whether two anchors are kept as the same place.
    @inline(__always)
    static func isSamePlace(_ one: Coordinate, _ other: Coordinate) -> Bool {
        one.latitude >> quantumShift == other.latitude >> quantumShift && one.longitude >> quantumShift == other.longitude >> quantumShift
    }
}

/// Where a subject goes, as users see it: which distances from it to their edge concern them.
struct GridBand {
    /// Metres inside of the edge, beside the user's own slack; infinite for all inside.
    var inner: Double
    /// Metres outside of it.
    var outer: Double
}

/// Users by place and radius.
struct UserGrid: ~Copyable {
    static let baseShift: Int64 = 15
    /// Up to 364 m × 2^13, well above the largest radius that can be set (1,000 km).
    static let levels = 14

    private struct Cell {
        var key: UInt64
        var members = GridMembers()
    }

    /// Whether cells know more of their members than that they are there. As long as no subject has moved nobody needs it, and no fix pays for it.
    var isSharp = false

    private var index: [UInt64: UInt32] = [:]
    private var cells: [Cell] = []
    private var free: [UInt32] = []
    private var cellsOfLevel = [Int](repeating: 0, count: UserGrid.levels)
    /// Metres; never shrinks.
    private var greatestRadius = [Double](repeating: 0, count: UserGrid.levels)

    init() {}

    deinit { for index in cells.indices { cells[index].members.deallocate() } }

    /// The level of a user with this radius in metres.
    static func level(radius: Double) -> Int {
        var level = 0
        var reach = 364.0
        while reach < radius && level < levels - 1 {
            reach *= 2
            level += 1
        }
        return level
    }

    /// The name of the cell of a position in a level; equal names are the same cell.
    @inline(__always)
    static func key(_ latitude: Int32, _ longitude: Int32, level: Int) -> UInt64 {
        let row = (Int64(latitude) + 900_000_000) >> (baseShift + Int64(level))
        return key(row: row, column: column(longitude, columns: columns(row: row, level: level)), level: level)
    }

    @inline(__always)
    private static func key(row: Int64, column: Int64, level: Int) -> UInt64 {
        UInt64(level) << 56 | UInt64(row) << 28 | UInt64(column)
    }

    @inline(__always)
    private static func column(_ longitude: Int32, columns: Int64) -> Int64 {
        (Int64(longitude) + Coordinate.turn / 2) * columns / Coordinate.turn
    }

    /// How many columns a row has: cells about as wide as tall, by a parabola near the cosine (exact widths do not matter).
    @inline(__always)
    private static func columns(row: Int64, level: Int) -> Int64 {
        let height = Int64(1) << (baseShift + Int64(level))
        let middle = Double(row * height + height / 2 - 900_000_000) / 900_000_000
        return max(1, Int64(Double(Coordinate.turn / height) * max(0, 1 - middle * middle)))
    }

    /// Adds a user to the cell `key`.
    ///
    /// - Returns: the cell and the place in it, which the user's record keeps.
    mutating func insert(_ slot: UInt32, key: UInt64, _ member: GridMember) -> (cell: UInt32, place: UInt32) {
        let cell: UInt32
        if let known = index[key] {
            cell = known
        } else {
            if let reused = free.popLast() {
                cell = reused
                cells[Int(cell)].key = key
            } else {
                cell = UInt32(cells.count)
                cells.append(Cell(key: key))
            }
            index[key] = cell
            cellsOfLevel[Int(key >> 56)] += 1
        }
        greatestRadius[Int(key >> 56)] = max(greatestRadius[Int(key >> 56)], Double(member.radius.nextUp))
        let place = cells[Int(cell)].members.append(slot, member)
        return (cell, UInt32(place))
    }

    /// Keeps what a cell knows of the user at `place`.
    mutating func update(cell: UInt32, place: UInt32, _ member: GridMember) {
        greatestRadius[Int(cells[Int(cell)].key >> 56)] = max(
            greatestRadius[Int(cells[Int(cell)].key >> 56)], Double(member.radius.nextUp))
        cells[Int(cell)].members.set(Int(place), member)
    }

    /// Removes the user at `place` of `cell`.
    ///
    /// - Returns: the user who took the place, if any.
    mutating func remove(cell: UInt32, place: UInt32) -> UInt32? {
        let moved = cells[Int(cell)].members.swapRemove(at: Int(place))
        if cells[Int(cell)].members.count == 0 {
            index[cells[Int(cell)].key] = nil
            cellsOfLevel[Int(cells[Int(cell)].key >> 56)] -= 1
            free.append(cell)
        }
        return moved
    }

    /// Appends the slots of all users whose edge may lie so near to `center` that a subject there concerns them.
    ///
    /// - Complexity: O(levels in use + cells + users within reach); cells are bounded by those that hold users.
    func appendUsers(near center: Coordinate, _ band: GridBand, metrics: MetricTable, to slots: inout [UInt32]) {
        for level in 0..<Self.levels where cellsOfLevel[level] > 0 {
            let meters = (isSharp ? greatestRadius[level] : 364 * Double(1 << level)) + band.outer + SlackWidth.greatest
            let metric = metrics.metric(at: center.latitude)
            // Elsewhere, and round the poles, all that a cell holds is appended.
            let isFlat = isSharp && metric.errorBound(within: meters + 1000) < 4
            let reach = Reach(of: meters, around: center)
            let shift = Self.baseShift + Int64(level)
            let rows = ((reach.south + 900_000_000) >> shift)...((reach.north + 900_000_000) >> shift)
            let height = Double(Int64(1) << shift)
            let estimate = Double(rows.count) * (Double(2 * min(reach.halfLongitude, Coordinate.turn / 2)) / height + 2)
            if estimate > Double(cellsOfLevel[level]) {
                for (key, cell) in index where key >> 56 == UInt64(level) && rows.contains(Int64(key >> 28 & 0xfff_ffff)) {
                    cells[Int(cell)].members.append(to: &slots, near: center, band, isFlat ? metric : nil)
                }
                continue
            }
            let ranges = reach.longitudes
            for row in rows {
                let columns = Self.columns(row: row, level: level)
                var covered: ClosedRange<Int64>?
                for range in [ranges.first, ranges.second].compactMap(\.self) {
                    let from = Self.column(Int32(range.from), columns: columns)
                    let to = Self.column(Int32(range.to), columns: columns)
                    for column in from...to where covered.map({ !$0.contains(column) }) ?? true {
                        guard let cell = index[Self.key(row: row, column: column, level: level)] else { continue }
                        cells[Int(cell)].members.append(to: &slots, near: center, band, isFlat ? metric : nil)
                    }
                    covered = from...to
                }
            }
        }
    }
}
