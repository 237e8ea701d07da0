// Where the users are, for when a subject changes: cells that hold the users whose anchor lies in them.
//
// Radii differ by orders of magnitude, so users are kept in levels by radius: the cells of level L are 2^(15 + L) units of latitude
// tall (364 m × 2^L; four times as much while no subject moves) and hold users whose radius is at most as much. A subject that is put asks each level that is in use for the cells
// within its reach, so that one user with 50 km makes no other user's cells larger. Cells exist only where users are.
//
// A subject that moves a few metres concerns only the users whose edge it crosses or whose slack it breaks, a very small part of those in the
// cells. So a cell keeps of each user what tells almost all others apart without a look at their records, in eight bytes: the anchor, to
// centimetres for the usual radii, the radius, and a bound of the slack. A fix writes there only if one of these no longer holds.
//
// As long as no subject has moved the grid is *blunt*: a cell knows no more than who is in it, and cells are large, since then it is users who change
// cells all day, and hardly anybody asks who is in one. The first subject that moves makes it *sharp*, for good (docs/decisions/0068).

import CPrimitives

/// Users by place and radius.
struct UserGrid: ~Copyable {
    /// Units of latitude, as a power of two, that the cells of level 0 of a sharp grid are tall.
    static let sharpShift: Int64 = 15
    /// Up to 364 m × 2^13, well above the largest radius that can be set (1,000 km).
    static let levels = 14

    private struct Cell {
        var key: UInt64
        var frame: GridFrame
        var members = GridMembers()
        /// Metres; at least the bound of each member's slack.
        var greatestSlack: UInt8 = 0

        init(key: UInt64, _ frame: GridFrame) {
            self.key = key
            self.frame = frame
        }

        func member(_ user: UserRecord) -> GridMember {
            frame.member(user.anchor, radius: user.radius, slackBound: user.slackBound)
        }
    }

    /// Whether cells know more of their members than that they are there. As long as no subject has moved nobody needs it, and no fix pays for it.
    private(set) var isSharp = false
    /// Units of latitude, as a power of two, that the cells of level 0 are tall.
    private var baseShift = UserGrid.sharpShift + 2

    /// By the mixed key.
    private var index = IDIndex()
    private var cells: [Cell] = []
    private let heaps = GridHeaps()
    private var free: [UInt32] = []
    private var cellsOfLevel = [Int](repeating: 0, count: UserGrid.levels)
    /// Metres; never shrinks.
    private var greatestRadius = [Double](repeating: 0, count: UserGrid.levels)
    /// Metres; never grows.
    private var leastRadius = [Double](repeating: .infinity, count: UserGrid.levels)
    /// How often a cell has been made.
    private var epoch = 0

    init() {}

    deinit { for index in cells.indices { cells[index].members.deallocate(in: heaps) } }

    /// Becomes sharp, and empty: everybody must be inserted anew. Searches that have begun begin anew by themselves.
    mutating func sharpen() {
        for index in cells.indices { cells[index].members.deallocate(in: heaps) }
        cells.removeAll()
        free.removeAll()
        index = IDIndex()
        cellsOfLevel = [Int](repeating: 0, count: Self.levels)
        epoch += 1
        isSharp = true
        baseShift = Self.sharpShift
    }

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
    func key(_ position: Coordinate, level: Int) -> UInt64 {
        let row = (Int64(position.latitude) + 900_000_000) >> (baseShift + Int64(level))
        return Self.key(row: row, column: Self.column(position.longitude, columns: columns(row: row, level: level)), level: level)
    }

    /// Whether two positions lie in one cell of a level.
    @inline(__always)
    func isOneCell(_ one: Coordinate, _ other: Coordinate, level: Int) -> Bool {
        let row = (Int64(one.latitude) + 900_000_000) >> (baseShift + Int64(level))
        guard row == (Int64(other.latitude) + 900_000_000) >> (baseShift + Int64(level)) else { return false }
        let columns = columns(row: row, level: level)
        return Self.column(one.longitude, columns: columns) == Self.column(other.longitude, columns: columns)
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
    private func columns(row: Int64, level: Int) -> Int64 {
        let height = Int64(1) << (baseShift + Int64(level))
        let middle = Double(row * height + height / 2 - 900_000_000) / 900_000_000
        return max(1, Int64(Double(Coordinate.turn / height) * max(0, 1 - middle * middle)))
    }

    /// The frame of the cell of this name.
    private func frame(of key: UInt64) -> GridFrame {
        let level = Int(key >> 56)
        let row = Int64(key >> 28 & 0xfff_ffff)
        let column = Int64(key & 0xfff_ffff)
        let columns = columns(row: row, level: level)
        // The least longitude of the column.
        let west = (column * Coordinate.turn + columns - 1) / columns - Coordinate.turn / 2
        return GridFrame(
            south: row << (baseShift + Int64(level)) - 900_000_000, west: west, width: Self.width(columns), level: level)
    }

    /// Units of longitude that a column is wide, at most.
    @inline(__always)
    private static func width(_ columns: Int64) -> Int64 { Coordinate.turn / columns + 1 }

    /// Spreads names over all bits, as the index wants them.
    @inline(__always)
    private static func mixed(_ key: UInt64) -> UInt64 {
        var mixed = key &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 32)) &* 0xbf58_476d_1ce4_e5b9
        return mixed ^ (mixed >> 29)
    }

    @inline(__always)
    private func find(_ key: UInt64) -> UInt32? { index.find(Self.mixed(key)) { cells[Int($0)].key == key } }

    /// Adds a user to the cell `key`, which is that of the anchor.
    ///
    /// - Returns: the cell and the place in it, which the user's record keeps.
    mutating func insert(_ slot: UInt32, _ user: UserRecord, key: UInt64) -> (cell: UInt32, place: UInt32) {
        let cell: UInt32
        if let known = find(key) {
            cell = known
        } else {
            epoch += 1
            if let reused = free.popLast() {
                cell = reused
                cells[Int(cell)] = Cell(key: key, frame(of: key))
            } else {
                cell = UInt32(cells.count)
                cells.append(Cell(key: key, frame(of: key)))
            }
            index.insert(Self.mixed(key), slot: cell)
            cellsOfLevel[Int(key >> 56)] += 1
        }
        learn(user, Int(cell))
        let place = cells[Int(cell)].members.append(slot, cells[Int(cell)].member(user), isSharp: isSharp, in: heaps)
        return (cell, UInt32(place))
    }

    /// Keeps what a cell knows of a user who stands in it.
    @inline(__always)
    mutating func update(_ user: UserRecord) {
        let cell = Int(user.cell)
        learn(user, cell)
        cells[cell].members.set(Int(user.place), cells[cell].member(user))
    }

    /// Keeps what a cell knows of a user's slack, which has become less.
    @inline(__always)
    func updateSlack(_ user: UserRecord) { cells[Int(user.cell)].members.setSlackBound(Int(user.place), user.slackBound) }

    /// Widens the bounds of a cell and its level so that they hold for this user.
    @inline(__always)
    private mutating func learn(_ user: UserRecord, _ cell: Int) {
        let level = Int(cells[cell].frame.level)
        if user.radius > greatestRadius[level] { greatestRadius[level] = user.radius }
        if user.radius < leastRadius[level] { leastRadius[level] = user.radius }
        if user.slackBound > cells[cell].greatestSlack { cells[cell].greatestSlack = user.slackBound }
    }

    /// Removes the user at `place` of `cell`.
    ///
    /// - Returns: the user who took the place, if any.
    mutating func remove(cell: UInt32, place: UInt32) -> UInt32? {
        let moved = cells[Int(cell)].members.swapRemove(at: Int(place), in: heaps)
        if cells[Int(cell)].members.count == 0 {
            index.remove(Self.mixed(cells[Int(cell)].key), slot: cell)
            cellsOfLevel[Int(cells[Int(cell)].key >> 56)] -= 1
            free.append(cell)
        }
        return moved
    }

    // MARK: - Whom a subject concerns

    /// Appends the slots of all users who may be as near to `center` as their radius and `margin` metres, and of some others.
    ///
    /// - Complexity: O(levels in use + cells + users within reach); cells are bounded by those that hold users.
    func appendUsers(near center: Coordinate, margin: Double, metrics: MetricTable, to slots: inout [UInt32]) {
        let step = GridStep(old: center, new: center, length: margin, margin: 0)
        var search = GridSearch()
        begin(&search, step, metrics)
        for found in search.cells {
            let cell = cells[Int(found.cell)]
            if let probe = search.probes[Int(cell.frame.level)] {
                cell.members.append(to: &slots, near: probe.step(in: cell.frame))
            } else {
                cell.members.append(to: &slots)
            }
        }
    }

    /// Begins to look for the users with whom a short step of a subject may change something: names the cells, and asks for them.
    func begin(_ search: inout GridSearch, _ step: GridStep, _ metrics: MetricTable) {
        search.cells.removeAll(keepingCapacity: true)
        search.epoch = epoch
        search.step = step
        search.isNarrow = false
        if search.probes.isEmpty { search.probes = [GridProbe?](repeating: nil, count: Self.levels) }
        for level in 0..<Self.levels where cellsOfLevel[level] > 0 {
            search.probes[level] = collectCells(level, step, metrics, &search.cells)
        }
        cells.withUnsafeBufferPointer { cells in
            guard let base = cells.baseAddress else { return }
            for found in search.cells { vicinity_prefetch(base + Int(found.cell)) }
        }
    }

    /// Goes on with a search: discards the cells that no edge can meet, and asks for what is in the others.
    func narrow(_ search: inout GridSearch) {
        guard !search.isNarrow, search.epoch == epoch else { return }
        search.isNarrow = true
        var kept = 0
        for place in search.cells.indices {
            let found = search.cells[place]
            let cell = cells[Int(found.cell)]
            let level = Int(cell.frame.level)
            if let probe = search.probes[level] {
                let radii = (leastRadius[level], greatestRadius[level])
                guard probe.mayMeet(cell.frame, width: found.width, radii, slack: Double(cell.greatestSlack)) else { continue }
            }
            cell.members.prefetch()
            search.cells[kept] = found
            kept += 1
        }
        search.cells.removeLast(search.cells.count - kept)
    }

    /// Ends a search: appends the slots of all users with whom the step may change something, and of some others.
    ///
    /// These are those who may see it cross their edge, judged from their anchor, and those whose slack it comes within. The pairs of all others
    /// stay what they are, wherever they are within their slack. Does not know of exceptions.
    ///
    /// - Parameter search: was begun, and perhaps narrowed, since no user has moved by a fix of theirs.
    /// - Complexity: as above; an eighth of a vector's work for each user, and cells the edge cannot meet are passed over.
    mutating func finish(_ search: inout GridSearch, metrics: MetricTable, to slots: inout [UInt32]) {
        // Anchors have come to other cells meanwhile, perhaps to one that was not there.
        if search.epoch != epoch { begin(&search, search.step, metrics) }
        narrow(&search)
        for found in search.cells {
            let cell = Int(found.cell)
            if let probe = search.probes[Int(cells[cell].frame.level)] {
                cells[cell].greatestSlack = cells[cell].members.append(to: &slots, concernedBy: probe.step(in: cells[cell].frame))
            } else {
                cells[cell].members.append(to: &slots)
            }
        }
    }

    /// Metres by which the metric may err if cells are to be searched by it.
    private static var greatestBound: Double { 4 }

    /// Collects the cells of a level in which someone may be whom a step concerns.
    ///
    /// - Returns: what to search them by; `nil` where a plane does not serve, or where cells know no more than who is in them.
    private func collectCells(_ level: Int, _ step: GridStep, _ metrics: MetricTable, _ found: inout [FoundCell]) -> GridProbe? {
        let radius = isSharp ? greatestRadius[level] : 364 * Double(1 << level)
        let meters = radius + step.length + SlackWidth.greatest
        let metric = metrics.metric(at: step.new.latitude)
        let bound = metric.errorBound(within: meters + 1000)
        guard isSharp, bound < Self.greatestBound else {
            let reach = Reach(of: meters, around: step.new)
            collectCells(level, from: reach.south, to: reach.north, reach.longitudes, &found)
            return nil
        }
        // M changes by less than 0.03 % over 300 km.
        let tall = Int64(meters * 1.001 / metric.meridian) + 2
        let wide = Int64(meters / metric.parallelBounds(deltaLatitudeFrom: Double(-tall), to: Double(tall)).least) + 2
        let (latitude, longitude) = (Int64(step.new.latitude), Int64(step.new.longitude))
        let ranges = LongitudeRanges(from: longitude - wide, to: longitude + wide)
        collectCells(level, from: max(-900_000_000, latitude - tall), to: min(900_000_000, latitude + tall), ranges, &found)
        // The rounding of a Float is less than a millionth of what it is of; the metric between two places beside the centre is as good.
        return GridProbe(step, metric, doubt: 2 * bound + GridFrame.error(level: level) + 0.02 + 1e-5 * meters)
    }

    /// Collects the cells of a level that meet a box, and some others.
    private func collectCells(_ level: Int, from south: Int64, to north: Int64, _ ranges: LongitudeRanges, _ found: inout [FoundCell]) {
        let shift = baseShift + Int64(level)
        let rows = ((south + 900_000_000) >> shift)...((north + 900_000_000) >> shift)
        let height = Double(Int64(1) << shift)
        let span = ranges.first.to - ranges.first.from + (ranges.second.map { $0.to - $0.from } ?? 0)
        if Double(rows.count) * (Double(span) / height + 2) > Double(cellsOfLevel[level]) {
            for cell in cells.indices where cells[cell].members.count > 0 {
                let key = cells[cell].key
                let row = Int64(key >> 28 & 0xfff_ffff)
                guard key >> 56 == UInt64(level), rows.contains(row) else { continue }
                found.append(FoundCell(cell: UInt32(cell), width: Self.width(columns(row: row, level: level))))
            }
            return
        }
        for row in rows {
            let columns = columns(row: row, level: level)
            let width = Self.width(columns)
            let first = Self.column(Int32(ranges.first.from), columns: columns)...Self.column(Int32(ranges.first.to), columns: columns)
            for column in first {
                if let cell = find(Self.key(row: row, column: column, level: level)) { found.append(FoundCell(cell: cell, width: width)) }
            }
            guard let second = ranges.second else { continue }
            for column in Self.column(Int32(second.from), columns: columns)...Self.column(Int32(second.to), columns: columns)
            where !first.contains(column) {
                if let cell = find(Self.key(row: row, column: column, level: level)) { found.append(FoundCell(cell: cell, width: width)) }
            }
        }
    }
}
