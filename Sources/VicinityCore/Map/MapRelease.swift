// What the map may tell of a census, decided once for all levels and all questions (decision 0072).
//
// Users are put into *groups* of at least `floor`, from the finest level up: who is in a cell with enough others is told of there; those who are too few
// go on to the parent, together with the too few of its other children, and so on. Who is still too few in the whole world is told of nowhere. The
// number of a cell is that of the groups in it, and of that only the band: so whatever is subtracted from whatever, on any levels, what is left
// is nobody, or a group.
//
//     floor 10    level 13   [ 27 ]          a group of 12 (7 + 5 were too few alone) beside the two of 15 and none
//                 level 14   15  7  5  0     a group of 15; the 7 and the 5 look like the 0
//
// Nothing else of the census is kept.

/// A census as far as it may be told.
public struct MapRelease: Sendable {
    /// Users who are told of together, in the smallest cell in which they are enough.
    private struct Group {
        /// The first cell of the finest level in it.
        let first: MapCode
        let level: Int
        let count: Int
    }

    /// Subjects of one kind in one cell of the finest level.
    private struct Kin {
        let place: MapCode
        /// An index into ``kinds``.
        let kind: Int
        let count: Int
    }

    /// What is told of a cell; never nothing.
    public struct Cell: Equatable, Sendable {
        public let cell: MapCell
        /// The band of users: at least so many; `nil` if they are fewer than the floor, or none.
        public let users: Int?
        /// By kind, in the order of the bytes; the kind of those that have none is empty.
        public let kinds: [KindCount]
    }

    public struct KindCount: Equatable, Sendable {
        /// UTF-8.
        public let kind: [UInt8]
        public let count: Int
    }

    /// The fewest users that are told of; 0 if none are, however many.
    public let floor: Int
    /// By ``Group/first``; one in another before that.
    private let groups: [Group]
    /// By place, then kind.
    private let kin: [Kin]
    /// In the order of the bytes.
    private let kinds: [[UInt8]]

    /// - Parameters:
    ///   - census: a complete one.
    ///   - floor: 0 or more.
    /// - Complexity: O(n log n) in users and subjects: less than a tenth of a second for a million. What is kept is 24 bytes a group and kin.
    public init(_ census: Census, floor: Int) {
        precondition(floor >= 0, "a floor is not below nobody")
        self.floor = floor
        groups = floor > 0 ? Self.groups(census.users, floor: floor) : []
        (kin, kinds) = Self.kin(census)
    }

    // MARK: - Groups

    private static func groups(_ users: [MapCode], floor: Int) -> [Group] {
        var groups: [Group] = []
        // Of the present level: the number of the cell, and how many in it are in no group yet.
        var left: [(cell: UInt32, count: Int)] = []
        for place in users.sorted() { add(1, to: &left, at: place.value) }
        for level in (0...MapCell.finest).reversed() {
            // They come in the order of their numbers, and so do their parents.
            var parents: [(cell: UInt32, count: Int)] = []
            for (cell, count) in left {
                if count >= floor {
                    let first = MapCode(value: cell << UInt32(2 * (MapCell.finest - level)))
                    groups.append(Group(first: first, level: level, count: count))
                } else {
                    add(count, to: &parents, at: cell >> 2)
                }
            }
            left = parents
        }
        return groups.sorted { ($0.first.value, $0.level) < ($1.first.value, $1.level) }
    }

    /// Adds to what has this number, which is the last one there or comes after it.
    private static func add(_ count: Int, to counts: inout [(cell: UInt32, count: Int)], at cell: UInt32) {
        if let last = counts.indices.last, counts[last].cell == cell { counts[last].count += count } else { counts.append((cell, count)) }
    }

    /// The number that is told in place of another: the greatest of the floor and of 1, 2, 5, 10, 20, 50 … that is not more.
    ///
    /// - Returns: `nil` for less than the floor.
    public static func band(_ count: Int, floor: Int) -> Int? {
        guard floor > 0, count >= floor else { return nil }
        var (band, unit) = (floor, 1)
        while true {
            for step in [unit, 2 * unit, 5 * unit] {
                guard step <= count else { return band }
                band = max(band, step)
            }
            unit *= 10
        }
    }

    // MARK: - Subjects

    private static func kin(_ census: Census) -> (kin: [Kin], kinds: [[UInt8]]) {
        // Kinds get their numbers as they are put, so that these would tell in which order.
        let used = Set(census.subjects.map(\.kind))
        let names = used.map { (kind: $0, name: $0 == SubjectRecord.noKind ? [] : census.kinds[Int($0)]) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
        var numbers: [UInt32: Int] = [:]
        for (number, kind) in names.enumerated() { numbers[kind.kind] = number }
        let all = census.subjects.map { (place: $0.place, kind: numbers[$0.kind] ?? 0) }
            .sorted { ($0.place.value, $0.kind) < ($1.place.value, $1.kind) }
        var kin: [Kin] = []
        for (place, kind) in all {
            if let last = kin.last, last.place == place, last.kind == kind {
                kin[kin.count - 1] = Kin(place: place, kind: kind, count: last.count + 1)
            } else {
                kin.append(Kin(place: place, kind: kind, count: 1))
            }
        }
        return (kin, names.map(\.name))
    }

    /// The smallest window that holds all active subjects, at the finest level; `nil` if there are none.
    ///
    /// Round the world it leaves out the widest gap, so that it crosses the antimeridian where that is shorter.
    ///
    /// - Complexity: O(places, and columns of the finest level).
    public var extent: MapWindow? {
        var hasSubject = [Bool](repeating: false, count: MapEdges.side)
        var (top, bottom) = (Int.max, Int.min)
        for kin in kin {
            let cell = kin.place.cell(at: MapCell.finest)
            hasSubject[cell.x] = true
            (top, bottom) = (min(top, cell.y), max(bottom, cell.y))
        }
        let columns = hasSubject.indices.filter { hasSubject[$0] }
        guard let first = columns.first, let last = columns.last else { return nil }
        // What lies between the last and the first, across the antimeridian, is a gap as others are; the first widest one wins.
        var (west, east, gap) = (first, last, first + MapEdges.side - last)
        for (one, next) in zip(columns, columns.dropFirst()) where next - one > gap { (west, east, gap) = (next, one, next - one) }
        let span = (east - west + MapEdges.side) % MapEdges.side + 1
        return MapWindow(level: MapCell.finest, x: west, columns: span, y: top, rows: bottom - top + 1)
    }

    // MARK: - What is told

    /// The cells of a window in which there is something, in rows from the north, each from the least column to the greatest.
    ///
    /// - Complexity: O(groups and kin), and a sort of what is found.
    public func cells(in window: MapWindow) -> [Cell] {
        let level = window.level
        var users: [(cell: UInt32, count: Int)] = []
        for group in groups where group.level >= level { Self.add(group.count, to: &users, at: group.first.prefix(at: level)) }
        var found: [MapCell: Cell] = [:]
        for (prefix, count) in users {
            let cell = MapCode.cell(prefix, at: level)
            guard window.contains(cell), let band = Self.band(count, floor: floor) else { continue }
            found[cell] = Cell(cell: cell, users: band, kinds: [])
        }
        var start = 0
        while start < kin.count {
            let prefix = kin[start].place.prefix(at: level)
            var end = start
            while end < kin.count, kin[end].place.prefix(at: level) == prefix { end += 1 }
            let cell = MapCode.cell(prefix, at: level)
            if window.contains(cell) {
                found[cell] = Cell(cell: cell, users: found[cell]?.users, kinds: counts(kin[start..<end]))
            }
            start = end
        }
        return found.values.sorted { $0.cell < $1.cell }
    }

    private func counts(_ kin: ArraySlice<Kin>) -> [KindCount] {
        var counts: [Int: Int] = [:]
        for one in kin { counts[one.kind, default: 0] += one.count }
        return counts.sorted { $0.key < $1.key }.map { KindCount(kind: kinds[$0.key], count: $0.value) }
    }
}
