import CPrimitives

/// One row of the grid: the subjects of a band of latitude, in order of longitude.
///
/// Latitudes, longitudes and slots lie in three arrays side by side, so that a scan reads what it tests and nothing else. A directory of
/// buckets, about one a subject, turns a longitude into a place without a search. Put and remove move the rest of the row (a few
/// hundred subjects, 12 bytes each); a batch of puts is merged in one pass.
///
/// A plain value inside the grid's table of rows; not freed by itself, the grid calls ``free()`` once.
struct GridRow {
    private var storage: UnsafeMutablePointer<Int32>?
    private(set) var count = 0
    private var capacity = 0

    // The directory: bucket b holds the subjects with (longitude − origin) >> shift == b, and begins at starts[b].
    private var starts: UnsafeMutablePointer<Int32>?
    private var bucketCount = 0
    private var origin: Int32 = 0
    private var shift: Int64 = 0
    /// Subjects when the directory was made.
    private var indexed = 0

    init() {}

    /// How far apart the three arrays begin.
    var stride: Int { capacity }
    var latitudes: UnsafeMutablePointer<Int32>? { storage }
    var longitudes: UnsafeMutablePointer<Int32>? { storage.map { $0 + capacity } }
    var slots: UnsafeMutablePointer<Int32>? { storage.map { $0 + 2 * capacity } }

    /// Puts one subject into the row.
    ///
    /// - Complexity: O(n) moves in the subjects of the row that lie east of it.
    mutating func insert(latitude: Int32, longitude: Int32, slot: UInt32) {
        if count == capacity { grow(to: count + 1) }
        guard let latitudes, let longitudes, let slots else { preconditionFailure("a row that has grown has storage") }
        let place = lowerBound(longitude)
        for array in [latitudes, longitudes, slots] {
            (array + place + 1).update(from: array + place, count: count - place)
        }
        latitudes[place] = latitude
        longitudes[place] = longitude
        slots[place] = Int32(bitPattern: slot)
        count += 1
        shiftDirectory(longitude, by: 1)
    }

    /// Removes a subject that is in the row.
    ///
    /// - Complexity: as ``insert(latitude:longitude:slot:)``.
    mutating func remove(longitude: Int32, slot: UInt32) {
        guard let latitudes, let longitudes, let slots else { preconditionFailure("removing a subject that is not there") }
        let place = self.place(of: slot, at: longitude, slots, longitudes)
        for array in [latitudes, longitudes, slots] {
            (array + place).update(from: array + place + 1, count: count - place - 1)
        }
        count -= 1
        if count == 0 {
            free()
        } else {
            shiftDirectory(longitude, by: -1)
        }
    }

    /// Moves a subject that is in the row to another place in it.
    ///
    /// - Complexity: O(1) for a short step where subjects are spread; else as putting and removing.
    mutating func move(from old: Int32, latitude: Int32, longitude: Int32, slot: UInt32) {
        guard let latitudes, let longitudes, let slots, let starts, let oldBucket = bucket(old), let bucket = bucket(longitude) else {
            remove(longitude: old, slot: slot)
            insert(latitude: latitude, longitude: longitude, slot: slot)
            return
        }
        var place = self.place(of: slot, at: old, slots, longitudes)
        func copy(_ other: Int) {
            latitudes[place] = latitudes[other]
            longitudes[place] = longitudes[other]
            slots[place] = slots[other]
            place = other
        }
        while place + 1 < count, longitudes[place + 1] < longitude { copy(place + 1) }
        while place > 0, longitudes[place - 1] > longitude { copy(place - 1) }
        latitudes[place] = latitude
        longitudes[place] = longitude
        slots[place] = Int32(bitPattern: slot)
        if bucket > oldBucket { for next in oldBucket + 1...bucket { starts[next] -= 1 } }
        if bucket < oldBucket { for next in bucket + 1...oldBucket { starts[next] += 1 } }
    }

    /// Asks for what ``places(_:_:)`` will read for this range.
    @inline(__always)
    func prefetchPlaces(from: Int64, to: Int64) {
        guard let starts else { return }
        var bucket = Int(max(0, min(Int64(bucketCount), (from - Int64(origin)) >> shift)))
        let last = Int(max(0, min(Int64(bucketCount), (to - Int64(origin)) >> shift + 1)))
        // All lines between, since a range is perhaps cut in two; there are few.
        while bucket < last {
            vicinity_prefetch(starts + bucket)
            bucket += 16
        }
        vicinity_prefetch(starts + last)
    }

    func prefetchDirectory(_ longitude: Int32) {
        if let starts, let bucket = bucket(longitude) { vicinity_prefetch(starts + bucket) }
    }

    func prefetchPlace(_ longitude: Int32) {
        guard let latitudes, let longitudes, let slots, let starts, let bucket = bucket(longitude) else { return }
        for array in [latitudes, longitudes, slots] { vicinity_prefetch(array + Int(starts[bucket])) }
    }

    /// Merges subjects that are in order of longitude into the row.
    ///
    /// - Complexity: O(n + m) for m new subjects in a row of n.
    mutating func merge(_ sorted: ArraySlice<GridEntry>) {
        if count + sorted.count > capacity { grow(to: count + sorted.count) }
        guard let latitudes, let longitudes, let slots else { return }
        var read = count - 1
        var write = count + sorted.count - 1
        for entry in sorted.reversed() {
            while read >= 0 && longitudes[read] > entry.longitude {
                latitudes[write] = latitudes[read]
                longitudes[write] = longitudes[read]
                slots[write] = slots[read]
                read -= 1
                write -= 1
            }
            latitudes[write] = entry.latitude
            longitudes[write] = entry.longitude
            slots[write] = Int32(bitPattern: entry.slot)
            write -= 1
        }
        count += sorted.count
        makeDirectory()
    }

    /// The places that hold every subject with a longitude of `from...to`, and perhaps some beside them.
    ///
    /// - Parameter range: does not span the antimeridian; the caller splits one that does.
    /// - Complexity: O(1) where subjects are spread, O(log n) where they stand in heaps.
    @inline(__always)
    func places(_ from: Int64, _ to: Int64) -> Range<Int> {
        guard count > 0, let starts else { return 0..<0 }
        let first = (from - Int64(origin)) >> shift
        let last = (to - Int64(origin)) >> shift
        if last < 0 || first >= Int64(bucketCount) { return 0..<0 }
        let low = Int(starts[max(0, Int(first))])
        let high = Int(starts[min(bucketCount - 1, Int(last)) + 1])
        if high - low <= 64 { return low..<high }
        return search(from, in: low..<high)..<search(to + 1, in: low..<high)
    }

    mutating func free() {
        storage?.deallocate()
        starts?.deallocate()
        self = GridRow()
    }

    /// The first place whose longitude is at least `longitude`.
    private func lowerBound(_ longitude: Int32) -> Int {
        guard let starts, let bucket = bucket(longitude) else { return search(Int64(longitude), in: 0..<count) }
        return search(Int64(longitude), in: Int(starts[bucket])..<Int(starts[bucket + 1]))
    }

    /// Where a longitude is in the directory; `nil` outside of it.
    private func bucket(_ longitude: Int32) -> Int? {
        let bucket = (Int64(longitude) - Int64(origin)) >> shift
        return bucket >= 0 && bucket < Int64(bucketCount) ? Int(bucket) : nil
    }

    /// The place of a subject that is in the row.
    private func place(
        of slot: UInt32, at longitude: Int32, _ slots: UnsafeMutablePointer<Int32>, _ longitudes: UnsafeMutablePointer<Int32>
    ) -> Int {
        var place = lowerBound(longitude)
        while place < count, longitudes[place] == longitude {
            if slots[place] == Int32(bitPattern: slot) { return place }
            place += 1
        }
        preconditionFailure("a subject that goes is there")
    }

    private func search(_ longitude: Int64, in range: Range<Int>) -> Int {
        guard let longitudes else { return 0 }
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) / 2
            if Int64(longitudes[middle]) < longitude { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func grow(to needed: Int) {
        // Eight, so that a scan of eight lanes that begins with the last subject ends in the storage.
        let fresh = max(needed, capacity + capacity / 2, 8)
        let moved = UnsafeMutablePointer<Int32>.allocate(capacity: 3 * fresh)
        moved.initialize(repeating: 0, count: 3 * fresh)
        if let storage {
            for array in 0..<3 { (moved + array * fresh).update(from: storage + array * capacity, count: count) }
            storage.deallocate()
        }
        storage = moved
        capacity = fresh
    }

    /// Keeps the directory true after one subject was put or removed, or makes it anew where it no longer fits.
    private mutating func shiftDirectory(_ longitude: Int32, by change: Int32) {
        guard let starts, let bucket = bucket(longitude), count <= 2 * indexed, 4 * count >= indexed else {
            makeDirectory()
            return
        }
        for next in bucket + 1...bucketCount { starts[next] += change }
    }

    private mutating func makeDirectory() {
        guard count > 0, let longitudes else { return }
        let span = Int64(longitudes[count - 1]) - Int64(longitudes[0])
        origin = longitudes[0]
        shift = 0
        while span >> shift >= Int64(count) { shift += 1 }
        bucketCount = Int(span >> shift) + 1
        starts?.deallocate()
        let fresh = UnsafeMutablePointer<Int32>.allocate(capacity: bucketCount + 1)
        fresh.initialize(repeating: 0, count: bucketCount + 1)
        for place in 0..<count { fresh[Int((Int64(longitudes[place]) - Int64(origin)) >> shift) + 1] += 1 }
        for bucket in 0..<bucketCount { fresh[bucket + 1] += fresh[bucket] }
        starts = fresh
        indexed = count
    }
}

/// A subject to be merged into the grid.
struct GridEntry {
    var latitude: Int32
    var longitude: Int32
    var slot: UInt32
}
