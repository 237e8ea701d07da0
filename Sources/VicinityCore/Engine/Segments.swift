import CPrimitives

/// An array of plain records that grows without ever moving one.
///
/// Records lie in segments of 4,096, found through a directory of fixed size; a new segment costs one allocation, so that no growth pauses
/// the engine for a copy of everything. Pointers to records stay valid as long as the array lives.
///
/// The pointers are `let`, so that no access pays for an exclusivity check (34 → 8 ns a look-up in a probe). Sound because the
/// structure is not copyable and its owner, the engine, is used by one thread.
struct Segments<Record>: ~Copyable {
    private static var shift: Int { 12 }
    private static var size: Int { 1 << shift }
    /// 2^31 records, more than an exception can name.
    private static var directorySize: Int { 1 << (31 - shift) }

    private let directory: UnsafeMutablePointer<UnsafeMutablePointer<Record>?>
    private let blank: Record
    /// Records so far.
    private(set) var count = 0

    init(blank: Record) {
        self.blank = blank
        // All zero is all nil, and memory that nobody touches does not exist.
        directory = vicinity_zeroed(Self.directorySize, MemoryLayout<UnsafeMutablePointer<Record>?>.stride)
            .bindMemory(to: UnsafeMutablePointer<Record>?.self, capacity: Self.directorySize)
    }

    /// Gives the memory back. The owner's deinit calls it, once: in a debug build a deinit of this generic structure is not run when its owner goes
    /// (Swift 6.3.1; seen as maps of the directory that nothing unmapped; in a release build each was).
    func free() {
        for index in 0..<(count + Self.size - 1) / Self.size { directory[index]?.deallocate() }
        vicinity_release(directory, Self.directorySize, MemoryLayout<UnsafeMutablePointer<Record>?>.stride)
    }

    /// Appends a blank record.
    ///
    /// - Returns: its index.
    mutating func append() -> UInt32 {
        let index = count
        precondition(index < 0x7fff_ffff, "more records than an index can name")
        if index & (Self.size - 1) == 0 {
            let segment = UnsafeMutablePointer<Record>.allocate(capacity: Self.size)
            segment.initialize(repeating: blank, count: Self.size)
            directory[index >> Self.shift] = segment
        }
        count += 1
        return UInt32(index)
    }

    /// The record at `index`, which must be below ``count``.
    @inline(__always)
    subscript(index: UInt32) -> UnsafeMutablePointer<Record> {
        guard let segment = directory[Int(index) >> Self.shift] else { preconditionFailure("no such record") }
        return segment + (Int(index) & (Self.size - 1))
    }
}
