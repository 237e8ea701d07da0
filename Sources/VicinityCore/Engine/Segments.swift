import CPrimitives

/// An array of plain records that grows without ever moving one.
///
/// Records lie in segments of 65,536, found through a directory of fixed size; a new segment costs one request to the system, so that no
/// growth pauses the engine for a copy of everything. Pointers to records stay valid as long as the array lives. All segments but the first are
/// in huge pages: 65,536 records of a multiple of 32 bytes fill them exactly.
///
/// The pointers are `let`, so that no access pays for an exclusivity check (34 → 8 ns a look-up in a probe). Sound because the
/// structure is not copyable and its owner, the engine, is used by one thread.
struct Segments<Record>: ~Copyable {
    private static var shift: Int { 16 }
    private static var size: Int { 1 << shift }
    private static var bytes: Int { size * MemoryLayout<Record>.stride }
    /// 2^31 records, more than an exception can name.
    private static var directorySize: Int { 1 << (31 - shift) }

    private let directory: UnsafeMutablePointer<UnsafeMutablePointer<Record>?>
    /// By segment, how many of its records are not vacant.
    private let kept: UnsafeMutablePointer<UInt32>
    private let blank: Record
    /// Segments without any that still have their memory.
    private var empty = 0
    /// Segments that have given their memory back.
    private var gone = 0
    private var isGone = SlotSet()
    /// Records so far.
    private(set) var count = 0

    init(blank: Record) {
        self.blank = blank
        // All zero is all nil, and memory that nobody touches does not exist.
        directory = vicinity_zeroed(Self.directorySize, MemoryLayout<UnsafeMutablePointer<Record>?>.stride)
            .bindMemory(to: UnsafeMutablePointer<Record>?.self, capacity: Self.directorySize)
        kept = vicinity_zeroed(Self.directorySize, MemoryLayout<UInt32>.stride).bindMemory(to: UInt32.self, capacity: Self.directorySize)
    }

    /// Segments that have memory.
    var segments: Int { (count + Self.size - 1) / Self.size - gone }

    /// Gives the memory back. The owner's deinit calls it, once: in a debug build a deinit of this generic structure is not run when its owner goes
    /// (Swift 6.3.1; seen as maps of the directory that nothing unmapped; in a release build each was).
    func free() {
        for index in 0..<(count + Self.size - 1) / Self.size {
            if let segment = directory[index] { vicinity_release(segment, 1, Self.bytes) }
        }
        vicinity_release(directory, Self.directorySize, MemoryLayout<UnsafeMutablePointer<Record>?>.stride)
        vicinity_release(kept, Self.directorySize, MemoryLayout<UInt32>.stride)
    }

    /// Tells that a record is vacant: nothing is in it that must not become zero.
    ///
    /// A segment of which all records are vacant gives its memory back, but for one: who comes and goes where a segment begins should not fetch it each time.
    mutating func vacate(_ index: UInt32) {
        let segment = Int(index) >> Self.shift
        precondition(kept[segment] > 0, "a record is vacated once")
        kept[segment] -= 1
        guard kept[segment] == 0 else { return }
        guard empty > 0 else {
            empty += 1
            return
        }
        if let memory = directory[segment] { vicinity_decommit(memory, Self.bytes) }
        gone += 1
        isGone.insert(UInt32(segment))
    }

    /// Tells that a record is vacant no more.
    mutating func occupy(_ index: UInt32) {
        let segment = Int(index) >> Self.shift
        kept[segment] += 1
        guard kept[segment] == 1 else { return }
        if isGone.contains(UInt32(segment)) {
            isGone.remove(UInt32(segment))
            gone -= 1
        } else {
            empty -= 1
        }
    }

    /// Appends a blank record.
    ///
    /// - Returns: its index.
    mutating func append() -> UInt32 {
        let index = count
        precondition(index < 0x7fff_ffff, "more records than an index can name")
        if index & (Self.size - 1) == 0 {
            let memory = vicinity_reserve(Self.bytes)
            vicinity_commit(memory, Self.bytes, index == 0 ? 0 : 1)
            directory[index >> Self.shift] = memory.bindMemory(to: Record.self, capacity: Self.size)
        }
        count += 1
        let segment = index >> Self.shift
        // The last one that is empty may be this one, which is not full.
        if index & (Self.size - 1) == 0 { kept[segment] = 1 } else { occupy(UInt32(index)) }
        self[UInt32(index)].initialize(to: blank)
        return UInt32(index)
    }

    /// Asks for the record at `index`, which must be below ``count``: for both lines that it lies in, if it lies in two.
    @inline(__always)
    func prefetch(_ index: UInt32) {
        let record = UnsafeRawPointer(self[index])
        vicinity_prefetch(record)
        vicinity_prefetch(record + (MemoryLayout<Record>.size - 1))
    }

    /// The record at `index`, which must be below ``count``.
    @inline(__always)
    subscript(index: UInt32) -> UnsafeMutablePointer<Record> {
        guard let segment = directory[Int(index) >> Self.shift] else { preconditionFailure("no such record") }
        return segment + (Int(index) & (Self.size - 1))
    }
}
