// Users in few bytes of a journal, each in as many bits as the users of that commit need.
//
//     slot − the least slot · 1 if the radius is the user's own · 1 if near some subject but outside
//     latitude, longitude, time in milliseconds and accuracy in decimetres, each − the least one
//
// from the lowest bit on, in whole bytes. What each field begins with, and how many bits it has, is said once for up to 4,096 of them (``BriefFrame``): a
// million users round one city take 10 to 11 bytes each, all over the world two more.
//
// What it has no room for is as most have it: the user is known, with a position and nothing pending, and the radius is that of reference.
// Everybody else is written at length.

/// The state of a user whom a fix has moved, as most are.
struct BriefUser: BitwiseCopyable {
    /// What those of a journal have in common, whatever they are.
    struct Reference {
        /// Unix milliseconds.
        var time: Int64
        /// Metres.
        var radius: Double
    }

    let slot: UInt32
    let latitude: Int32
    let longitude: Int32
    /// Milliseconds after the time of reference.
    fileprivate let elapsed: Int32
    fileprivate let decimetres: UInt16
    let hasOwnRadius: Bool
    let isNearOutside: Bool

    fileprivate static var greatestSlot: UInt32 { 1 << 30 - 1 }
    /// Milliseconds: almost nine minutes.
    fileprivate static var times: ClosedRange<Int64> { -(1 << 19)...1 << 19 - 1 }
    /// Decimetres.
    fileprivate static var accuracies: ClosedRange<Double> { 0...4095 }

    /// - Returns: `nil` for a user who must be written at length.
    @inline(__always)
    init?(_ slot: UInt32, _ user: UnsafePointer<UserRecord>, _ reference: Reference) {
        let time = user.pointee.time &- reference.time
        let decimetres = (user.pointee.accuracy * 10).rounded()
        guard user.pointee.isUsed, user.pointee.isJournaled, user.pointee.isPlain, user.pointee.radius == reference.radius,
            Self.times.contains(time), Self.accuracies.contains(decimetres), decimetres / 10 == user.pointee.accuracy,
            slot <= Self.greatestSlot
        else { return nil }
        self.slot = slot
        latitude = user.pointee.latitude
        longitude = user.pointee.longitude
        elapsed = Int32(truncatingIfNeeded: time)
        self.decimetres = UInt16(decimetres)
        hasOwnRadius = user.pointee.hasOwnRadius
        isNearOutside = user.pointee.isNearOutside
    }

    fileprivate init(_ slot: UInt32, flags: UInt32, _ place: Coordinate, elapsed: Int32, decimetres: UInt16) {
        self.slot = slot
        hasOwnRadius = flags & 1 != 0
        isNearOutside = flags & 2 != 0
        latitude = place.latitude
        longitude = place.longitude
        self.elapsed = elapsed
        self.decimetres = decimetres
    }

    var position: Coordinate { Coordinate(latitude: latitude, longitude: longitude) }
    /// Metres.
    var accuracy: Double { Double(decimetres) / 10 }

    /// Unix milliseconds.
    func time(_ reference: Reference) -> Int64 { reference.time &+ Int64(elapsed) }

    fileprivate var flags: UInt32 { (hasOwnRadius ? 1 : 0) | (isNearOutside ? 2 : 0) }
}

/// How up to ``users`` brief users of a journal are laid out.
struct BriefFrame {
    /// So many that what is said of all of them costs nothing, and so few that they lie in the cache between being looked through and being written.
    static var users: Int { 4096 }

    /// A field: what it counts from, and in how many bits.
    private struct Field {
        var least: Int64 = .max
        private var greatest: Int64 = .min
        private(set) var bits: UInt64 = 0

        init() {}

        init(least: Int64, bits: UInt64) {
            self.least = least
            self.bits = bits
        }

        @inline(__always)
        mutating func widen(to value: Int64) {
            least = min(least, value)
            greatest = max(greatest, value)
        }

        mutating func close() { bits = UInt64(64 - (greatest - least).leadingZeroBitCount) }
    }

    private var slot = Field()
    private var latitude = Field()
    private var longitude = Field()
    private var time = Field()
    private var accuracy = Field()

    /// The frame into which these users fit.
    init(_ users: UnsafeBufferPointer<BriefUser>) {
        for user in users {
            slot.widen(to: Int64(user.slot))
            latitude.widen(to: Int64(user.latitude))
            longitude.widen(to: Int64(user.longitude))
            time.widen(to: Int64(user.elapsed))
            accuracy.widen(to: Int64(user.decimetres))
        }
        slot.close()
        latitude.close()
        longitude.close()
        time.close()
        accuracy.close()
    }

    /// Bits of slot, flags and latitude, which are a word's worth at most; likewise of what follows.
    private var lowBits: UInt64 { slot.bits + 2 + latitude.bits }
    private var highBits: UInt64 { longitude.bits + time.bits + accuracy.bits }

    /// Bytes that a user takes; at most 16.
    var size: Int { Int(lowBits + highBits + 7) / 8 }

    /// The greatest number of bytes that ``write(to:)`` writes.
    static var greatestSize: Int { 48 }

    /// Writes what is said of all.
    func write(to writer: inout RawWriter) {
        for field in [slot, latitude, longitude, time, accuracy] {
            writer.varint(ZigZag.encode(field.least))
            writer.byte(UInt8(field.bits))
        }
    }

    /// Reads what ``write(to:)`` wrote.
    ///
    /// - Returns: `nil` if a value in it could be none of a user.
    init?(_ reader: inout RawReader) {
        func field(_ values: ClosedRange<Int64>) -> Field? {
            guard let least = reader.varint().map(ZigZag.decode), let bits = reader.byte(), values.contains(least), bits <= 32 else {
                return nil
            }
            return Field(least: least, bits: UInt64(bits))
        }
        guard let slot = field(0...Int64(BriefUser.greatestSlot)), let latitude = field(-900_000_000...900_000_000),
            let longitude = field(-1_800_000_000...1_800_000_000), let time = field(BriefUser.times), let accuracy = field(0...4095),
            slot.bits + 2 + latitude.bits <= 64, longitude.bits + time.bits + accuracy.bits <= 64
        else { return nil }
        (self.slot, self.latitude, self.longitude, self.time, self.accuracy) = (slot, latitude, longitude, time, accuracy)
    }

    /// Writes a user; there must be room for 16 bytes in any case.
    @inline(__always)
    func write(_ user: BriefUser, to writer: inout RawWriter) {
        var low = UInt64(bitPattern: Int64(user.slot) &- slot.least)
        low |= UInt64(user.flags) << slot.bits
        low |= UInt64(bitPattern: Int64(user.latitude) &- latitude.least) << (slot.bits + 2)
        var high = UInt64(bitPattern: Int64(user.longitude) &- longitude.least)
        high |= UInt64(bitPattern: Int64(user.elapsed) &- time.least) << longitude.bits
        high |= UInt64(bitPattern: Int64(user.decimetres) &- accuracy.least) << (longitude.bits + time.bits)
        writer.words(low | high << lowBits, high >> (64 - lowBits), count: size)
    }

    /// Reads a user.
    ///
    /// - Returns: `nil` if it is none.
    @inline(__always)
    func read(_ reader: inout RawReader) -> BriefUser? {
        guard let words = reader.words(count: size) else { return nil }
        let low = words.low
        let high = words.low >> lowBits | words.high << (64 - lowBits)
        func value(_ word: UInt64, _ shift: UInt64, _ field: Field) -> Int64 {
            field.least &+ Int64(word >> shift & (1 << field.bits - 1))
        }
        let slot = value(low, 0, slot)
        let latitude = value(low, self.slot.bits + 2, latitude)
        let longitude = value(high, 0, longitude)
        let elapsed = value(high, self.longitude.bits, time)
        let decimetres = value(high, self.longitude.bits + time.bits, accuracy)
        guard slot <= Int64(BriefUser.greatestSlot), (-900_000_000...900_000_000).contains(latitude),
            (-1_800_000_000...1_800_000_000).contains(longitude), BriefUser.times.contains(elapsed), decimetres <= 4095
        else { return nil }
        return BriefUser(
            UInt32(slot), flags: UInt32(low >> self.slot.bits & 3),
            Coordinate(latitude: Int32(latitude), longitude: Int32(longitude)), elapsed: Int32(elapsed), decimetres: UInt16(decimetres))
    }
}

/// The brief users of a journal as they come, of whatever version.
struct BriefReader {
    let reference: BriefUser.Reference
    let count: Int
    private let hasFrames: Bool
    /// Of those that come next.
    private var frame: BriefFrame?
    private var place = 0

    init?(_ reader: inout RawReader, version: UInt8) {
        guard let time = reader.varint(), let radius = reader.metres(), let count = reader.fixed(UInt32.self) else { return nil }
        reference = BriefUser.Reference(time: ZigZag.decode(time), radius: radius)
        self.count = Int(count)
        hasFrames = version > 5
    }

    /// The next one; `nil` if it is none.
    @inline(__always)
    mutating func next(_ reader: inout RawReader) -> BriefUser? {
        guard hasFrames else { return fixedUser(&reader) }
        if place == 0 { frame = BriefFrame(&reader) }
        place = place + 1 == BriefFrame.users ? 0 : place + 1
        return frame?.read(&reader)
    }

    /// A user as version 5 has it, in four words: slot and flags, place, and time and accuracy in 20 and 12 bits.
    private func fixedUser(_ reader: inout RawReader) -> BriefUser? {
        guard let name = reader.fixed(UInt32.self), let place = reader.place(), let rest = reader.fixed(UInt32.self) else { return nil }
        return BriefUser(
            name & BriefUser.greatestSlot, flags: name >> 30, place, elapsed: Int32(bitPattern: rest << 12) >> 12,
            decimetres: UInt16(rest >> 20))
    }
}
