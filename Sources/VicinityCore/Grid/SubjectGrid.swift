// Where the subjects are: rows of latitude, each in order of longitude.
//
// The world is 54,932 rows of 2^15 units (0.0033°, 364 m of latitude); a row that holds nothing costs its entry in the table of rows.
// A halo of 500 m meets four or five rows; what a fix can change lies in the ring between the old and the new edge, which cuts each
// row in at most two runs, each one contiguous piece of memory.

import CPrimitives

/// The active subjects by place.
struct SubjectGrid: ~Copyable {
    private static var rowShift: Int32 { 15 }
    private static var rowCount: Int { (1_800_000_000 >> 15) + 1 }

    private let rows: UnsafeMutablePointer<GridRow>
    private(set) var count = 0
    /// Where subjects were put, removed or moved since ``forgetChanges()``, the newest at most ``SubjectGrid/greatestChanges``.
    private(set) var changes: [Coordinate] = []
    /// Whether more has changed than ``changes`` tells.
    private(set) var hasChangedMore = false

    private static var greatestChanges: Int { 64 }

    init() {
        // All zero is an empty row, and memory that nobody touches does not exist.
        rows = vicinity_zeroed(Self.rowCount, MemoryLayout<GridRow>.stride).bindMemory(to: GridRow.self, capacity: Self.rowCount)
    }

    deinit {
        // A row that was never used is not touched for the first time now.
        for index in 0..<Self.rowCount where rows[index].count > 0 { rows[index].free() }
        vicinity_release(rows, Self.rowCount, MemoryLayout<GridRow>.stride)
    }

    @inline(__always)
    private static func row(_ latitude: Int64) -> Int {
        Int((max(-900_000_000, min(900_000_000, latitude)) + 900_000_000) >> Int64(rowShift))
    }

    /// The rows that meet a band of latitude, in units of 1e-7 degree; what lies beyond a pole is cut off.
    @inline(__always)
    static func rows(from south: Int64, to north: Int64) -> ClosedRange<Int> { row(south)...max(row(south), row(north)) }

    /// The band of latitude that a row covers, in units of 1e-7 degree.
    @inline(__always)
    static func band(of row: Int) -> (south: Int64, north: Int64) {
        let south = Int64(row) << Int64(rowShift) - 900_000_000
        return (south, south + (1 << Int64(rowShift)) - 1)
    }

    @inline(__always)
    subscript(row index: Int) -> UnsafeMutablePointer<GridRow> { rows + index }

    /// Begins to keep ``changes`` anew.
    mutating func forgetChanges() {
        hasChangedMore = false
        if !changes.isEmpty { changes.removeAll(keepingCapacity: true) }
    }

    private mutating func note(_ position: Coordinate) {
        if changes.count < Self.greatestChanges { changes.append(position) } else { hasChangedMore = true }
    }

    mutating func insert(_ position: Coordinate, slot: UInt32) {
        note(position)
        rows[Self.row(Int64(position.latitude))].insert(latitude: position.latitude, longitude: position.longitude, slot: slot)
        count += 1
    }

    mutating func remove(_ position: Coordinate, slot: UInt32) {
        note(position)
        rows[Self.row(Int64(position.latitude))].remove(longitude: position.longitude, slot: slot)
        count -= 1
    }

    /// Moves a subject that is there.
    mutating func move(from old: Coordinate, to new: Coordinate, slot: UInt32) {
        let row = Self.row(Int64(new.latitude))
        guard row == Self.row(Int64(old.latitude)) else {
            remove(old, slot: slot)
            insert(new, slot: slot)
            return
        }
        note(old)
        note(new)
        rows[row].move(from: old.longitude, latitude: new.latitude, longitude: new.longitude, slot: slot)
    }

    /// Asks for the directory where a subject is, which a move will read.
    func prefetchDirectory(_ position: Coordinate) { rows[Self.row(Int64(position.latitude))].prefetchDirectory(position.longitude) }

    /// Asks for what the directory leads to.
    func prefetchPlace(_ position: Coordinate) { rows[Self.row(Int64(position.latitude))].prefetchPlace(position.longitude) }

    /// Puts many subjects at once.
    ///
    /// - Complexity: O(m log m) for m subjects, and one pass over each row that gets some.
    mutating func insert(_ entries: inout [GridEntry]) {
        hasChangedMore = true
        entries.sort {
            let (mine, other) = (Self.row(Int64($0.latitude)), Self.row(Int64($1.latitude)))
            return (mine, $0.longitude, $0.slot) < (other, $1.longitude, $1.slot)
        }
        var start = entries.startIndex
        while start < entries.endIndex {
            let row = Self.row(Int64(entries[start].latitude))
            var end = start + 1
            while end < entries.endIndex, Self.row(Int64(entries[end].latitude)) == row { end += 1 }
            rows[row].merge(entries[start..<end])
            start = end
        }
        count += entries.count
    }
}

/// Longitudes from `center − half` to `center + half`, cut at the antimeridian: one or two ranges.
struct LongitudeRanges {
    var first: (from: Int64, to: Int64)
    var second: (from: Int64, to: Int64)?

    @inline(__always)
    init(from: Int64, to: Int64) {
        let half = Coordinate.turn / 2
        if to - from >= Coordinate.turn - 1 {
            first = (-half, half - 1)
            second = nil
        } else if from < -half {
            first = (from + Coordinate.turn, half - 1)
            second = (-half, to)
            if to < -half {
                first = (from + Coordinate.turn, to + Coordinate.turn)
                second = nil
            }
        } else if to >= half {
            first = (from, half - 1)
            second = (-half, to - Coordinate.turn)
            if from >= half {
                first = (from - Coordinate.turn, to - Coordinate.turn)
                second = nil
            }
        } else {
            first = (from, to)
            second = nil
        }
    }
}
