// Every row carries a checksum of all that it says, since SQLite notices a page that is torn or out of place, but not a bit
// that flipped inside a value. It is XXH64 (Yann Collet's xxHash, the 64-bit form), because that is documented, at hand in every
// language for whoever reads the file without us, and costs little beside writing what it covers.
//
// What goes in is the row's columns in the order of the table, each as in ``RowDigest``; the seed names the table, so that a row
// that strays into another is not taken for one of its own.

/// XXH64 of a run of bytes.
package enum XXH64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    /// - Complexity: O(bytes), about 0.1 ns a byte.
    package static func hash(_ raw: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        let count = raw.count
        var offset = 0
        var state: UInt64
        if count >= 32 {
            var lane1 = seed &+ prime1 &+ prime2
            var lane2 = seed &+ prime2
            var lane3 = seed
            var lane4 = seed &- prime1
            while offset &+ 32 <= count {
                lane1 = round(lane1, word(raw, offset))
                lane2 = round(lane2, word(raw, offset &+ 8))
                lane3 = round(lane3, word(raw, offset &+ 16))
                lane4 = round(lane4, word(raw, offset &+ 24))
                offset &+= 32
            }
            state = rotate(lane1, 1) &+ rotate(lane2, 7) &+ rotate(lane3, 12) &+ rotate(lane4, 18)
            state = fold(fold(fold(fold(state, lane1), lane2), lane3), lane4)
        } else {
            state = seed &+ prime5
        }
        state &+= UInt64(count)
        while offset &+ 8 <= count {
            state = rotate(state ^ round(0, word(raw, offset)), 27) &* prime1 &+ prime4
            offset &+= 8
        }
        if offset &+ 4 <= count {
            let half = UInt64(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            state = rotate(state ^ (half &* prime1), 23) &* prime2 &+ prime3
            offset &+= 4
        }
        while offset < count {
            state = rotate(state ^ (UInt64(raw[offset]) &* prime5), 11) &* prime1
            offset &+= 1
        }
        state = (state ^ (state >> 33)) &* prime2
        state = (state ^ (state >> 29)) &* prime3
        return state ^ (state >> 32)
    }

    @inline(__always)
    private static func word(_ raw: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 { rotate(lane &+ input &* prime2, 31) &* prime1 }

    @inline(__always)
    private static func fold(_ state: UInt64, _ lane: UInt64) -> UInt64 { (state ^ round(0, lane)) &* prime1 &+ prime4 }

    @inline(__always)
    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 &- count) }
}

/// Collects a row's columns and gives their checksum.
///
/// An integer is its 8 bytes, a real the 8 bytes of its double (−0 as 0), both little-endian; bytes and text are their length as an
/// integer and then themselves; what may be null begins with a byte, 0 for null (and nothing after it) and 1 otherwise. A blob that ends
/// its row is hashed by itself with the checksum of the columns before it as its seed, which spares a copy of it.
struct RowDigest {
    private let seed: UInt64
    /// What was added: of two rows of a table that differ, this differs.
    private(set) var columns: [UInt8] = []

    init(_ table: Table) {
        seed = table.rawValue
        columns.reserveCapacity(64)
    }

    mutating func add(_ value: Int64) {
        Swift.withUnsafeBytes(of: value.littleEndian) { columns.append(contentsOf: $0) }
    }

    /// Adds a real; SQLite keeps −0 as 0.
    mutating func add(_ value: Double) { add(Int64(bitPattern: (value + 0).bitPattern)) }

    mutating func add(_ value: [UInt8]) {
        add(Int64(value.count))
        columns.append(contentsOf: value)
    }

    mutating func add(_ value: String) { add(Array(value.utf8)) }

    /// Adds a column that may be null.
    mutating func add<Value>(_ value: Value?, _ add: (inout RowDigest, Value) -> Void) {
        columns.append(value == nil ? 0 : 1)
        if let value { add(&self, value) }
    }

    /// The checksum, as SQLite stores it: the 64 bits as a signed integer.
    var checksum: Int64 {
        Int64(bitPattern: columns.withUnsafeBytes { XXH64.hash($0, seed: seed) })
    }

    /// The checksum of a row that ends with a blob.
    func checksum(followedBy blob: UnsafeRawBufferPointer) -> Int64 {
        Int64(bitPattern: XXH64.hash(blob, seed: UInt64(bitPattern: checksum)))
    }

    /// The seeds.
    enum Table: UInt64 {
        case meta = 1
        case commits
        case blocks
        case pages
        case subjects
        case signOffs
        case cursors
        // 8 is that of the head file.
        case audit = 9
        case reports
        case suspensions
    }
}
