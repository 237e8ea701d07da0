// Where the users are, for when a subject changes: cells that hold the slots of the users whose last position lies in them.
//
// Radii differ by orders of magnitude, so users are kept in levels by radius: the cells of level L are 2^(15 + L) units of latitude
// tall (364 m × 2^L) and hold users whose radius is at most as much. A subject that is put asks each level that is in use for the cells
// within its reach, so that one user with 50 km makes no other user's cells larger. Cells exist only where users are.

/// Users by place and radius.
struct UserGrid: ~Copyable {
    static let baseShift: Int64 = 15
    /// Up to 364 m × 2^13, well above the largest radius that can be set (1,000 km).
    static let levels = 14

    private struct Cell {
        var key: UInt64
        var members = SmallList<UInt32>()
    }

    private var index: [UInt64: UInt32] = [:]
    private var cells: [Cell] = []
    private var free: [UInt32] = []
    private var cellsOfLevel = [Int](repeating: 0, count: UserGrid.levels)

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
    mutating func insert(_ slot: UInt32, key: UInt64) -> (cell: UInt32, place: UInt32) {
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
        cells[Int(cell)].members.append(slot)
        return (cell, UInt32(cells[Int(cell)].members.count - 1))
    }

    /// Removes the user at `place` of `cell`.
    ///
    /// - Returns: the user who took the place, if any.
    mutating func remove(cell: UInt32, place: UInt32) -> UInt32? {
        cells[Int(cell)].members.swapRemove(at: Int(place))
        let members = cells[Int(cell)].members.elements
        if members.isEmpty {
            index[cells[Int(cell)].key] = nil
            cellsOfLevel[Int(cells[Int(cell)].key >> 56)] -= 1
            free.append(cell)
            return nil
        }
        return Int(place) < members.count ? members[Int(place)] : nil
    }

    /// Appends the slots of all users whose last position may lie within their own radius and `margin` of `center`.
    ///
    /// - Parameter margin: metres beyond the radius.
    /// - Complexity: O(levels in use + cells + users within reach); cells are bounded by those that hold users.
    func appendUsers(near center: Coordinate, margin: Double, to slots: inout [UInt32]) {
        for level in 0..<Self.levels where cellsOfLevel[level] > 0 {
            let reach = Reach(of: 364 * Double(1 << level) + margin, around: center)
            let shift = Self.baseShift + Int64(level)
            let rows = ((reach.south + 900_000_000) >> shift)...((reach.north + 900_000_000) >> shift)
            let height = Double(Int64(1) << shift)
            let estimate = Double(rows.count) * (Double(2 * min(reach.halfLongitude, Coordinate.turn / 2)) / height + 2)
            if estimate > Double(cellsOfLevel[level]) {
                for (key, cell) in index where key >> 56 == UInt64(level) && rows.contains(Int64(key >> 28 & 0xfff_ffff)) {
                    slots.append(contentsOf: cells[Int(cell)].members.elements)
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
                        slots.append(contentsOf: cells[Int(cell)].members.elements)
                    }
                    covered = from...to
                }
            }
        }
    }
}
