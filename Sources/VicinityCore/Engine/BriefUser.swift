// A user in 16 bytes of a journal: four words, little-endian.
//
//     slot, below 2^30 + 2^30 if the radius is the user's own + 2^31 if near some subject but outside
//     latitude, i32, 1e-7 degree
//     longitude, likewise
//     time − the journal's time of reference in milliseconds, a signed number in the lower 20 bits, + 2^20 · accuracy in decimetres
//
// What it has no room for is as most have it: the user is known, with a position and nothing pending, and the radius is that of reference.
// Everybody else is written at length.

/// The state of a user whom a fix has moved, as most are.
struct BriefUser {
    /// What all of a journal have in common.
    struct Reference {
        /// Unix milliseconds.
        var time: Int64
        /// Metres.
        var radius: Double
    }

    /// In a journal, in bytes.
    static var size: Int { 16 }

    private static var ownRadius: UInt32 { 1 << 30 }
    private static var nearOutside: UInt32 { 1 << 31 }
    /// Milliseconds: almost nine minutes.
    private static var timeSpan: Range<Int64> { -(1 << 19)..<1 << 19 }
    /// Decimetres.
    private static var accuracies: ClosedRange<Double> { 0...4095 }

    private let words: SIMD4<UInt32>

    /// - Returns: `nil` for a user who must be written at length.
    @inline(__always)
    init?(_ slot: UInt32, _ user: UnsafePointer<UserRecord>, _ reference: Reference) {
        let time = user.pointee.time &- reference.time
        let decimetres = (user.pointee.accuracy * 10).rounded()
        guard user.pointee.isUsed, user.pointee.isJournaled, user.pointee.isPlain, user.pointee.radius == reference.radius,
            Self.timeSpan.contains(time), Self.accuracies.contains(decimetres), decimetres / 10 == user.pointee.accuracy,
            slot < Self.ownRadius
        else { return nil }
        var name = slot
        if user.pointee.hasOwnRadius { name |= Self.ownRadius }
        if user.pointee.isNearOutside { name |= Self.nearOutside }
        let when = UInt32(truncatingIfNeeded: time) & 0xf_ffff
        words = SIMD4(
            name, UInt32(bitPattern: user.pointee.latitude), UInt32(bitPattern: user.pointee.longitude), when | UInt32(decimetres) << 20)
    }

    /// - Returns: `nil` if the place is none on earth.
    @inline(__always)
    init?(_ reader: inout RawReader) {
        guard let name = reader.fixed(UInt32.self), let place = reader.place(), let rest = reader.fixed(UInt32.self) else { return nil }
        words = SIMD4(name, UInt32(bitPattern: place.latitude), UInt32(bitPattern: place.longitude), rest)
    }

    @inline(__always)
    func write(to writer: inout RawWriter) {
        for index in 0..<4 { writer.fixed(words[index]) }
    }

    var slot: UInt32 { words[0] & (Self.ownRadius - 1) }
    var hasOwnRadius: Bool { words[0] & Self.ownRadius != 0 }
    var isNearOutside: Bool { words[0] & Self.nearOutside != 0 }
    var position: Coordinate { Coordinate(latitude: Int32(bitPattern: words[1]), longitude: Int32(bitPattern: words[2])) }
    /// Metres.
    var accuracy: Double { Double(words[3] >> 20) / 10 }

    /// Unix milliseconds.
    func time(_ reference: Reference) -> Int64 { reference.time &+ Int64(Int32(bitPattern: words[3] << 12) >> 12) }
}

extension RawReader {
    /// Reads what the brief users of a journal have in common.
    mutating func briefReference() -> BriefUser.Reference? {
        guard let time = varint(), let radius = metres() else { return nil }
        return BriefUser.Reference(time: ZigZag.decode(time), radius: radius)
    }
}
