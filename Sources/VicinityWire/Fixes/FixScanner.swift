// The fast way through a line of a gateway.
//
// The scanner takes only a line that it understands to the last byte, and then says exactly what the general way
// (FixReader) would say; for any other line it says nothing and the general way decides. So it may be narrow, but never
// different: what is out of range, ambiguous in its last digit or spelled oddly is not for it. Tests and a fuzzer compare
// the two.
//
// It takes: keys in any order, each at most once and spelled without escapes; at most two spaces after a colon or comma and
// one before a comma or the closing brace; ids without escapes; numbers without an exponent.
//
// Unsafe pointers, because bounds checks in these loops cost 15 %. It is sound because a line feed is nothing that the scanner takes
// within a line: it stops there, having read at most `overrun` bytes beyond. Where no line feed is known to come, `reach` readable
// bytes do as well: eight keys of at most 12 bytes, six spaces each, one id of at most 136, numbers of at most 34.

internal import VicinityCore

/// What the scanner found in a line.
struct ScannedFix {
    var kind = Fix.Kind.user
    var idStart: UnsafePointer<UInt8>
    var idCount = 0
    /// As in ``Fix``.
    var latitude: Int32 = 0
    var longitude: Int32 = 0
    var time = Fix.absentTime
    var accuracy = 0.0
    var radius = 0.0

    /// Forgets what a line before said of the keys that the next one may lack.
    @inline(__always)
    mutating func clear() {
        latitude = 0
        longitude = 0
        time = Fix.absentTime
        accuracy = 0
        radius = 0
    }
}

struct FixScanner {
    /// Bytes that may be looked at after the first line feed.
    static let overrun = 16
    /// Bytes that may be looked at from a line's start, wherever its line feed is.
    static let reach = 640

    /// The halo's radius in metres; another goes the general way.
    var radii: ClosedRange<Double>

    private static let seenID = 1
    private static let seenLatitude = 2
    private static let seenLongitude = 4
    private static let seenTime = 8
    private static let seenAccuracy = 16
    private static let seenRadius = 32
    private static let seenGone = 64

    /// Reads one line with its line feed.
    ///
    /// - Parameter start: from here a line feed and ``overrun`` bytes after it are readable, or ``reach`` bytes.
    /// - Returns: the bytes of the line and its line feed; 0 if the line is not for the scanner, and then `fix` means nothing.
    /// - Complexity: O(line); no allocation.
    @inline(__always)
    func scan(_ start: UnsafePointer<UInt8>, into fix: inout ScannedFix) -> Int {
        guard start[0] == UInt8(ascii: "{") else { return 0 }
        var at = start + 1
        var seen = 0
        var isGone = false
        Self.skipSpace(&at)
        while true {
            let word = Self.load(at)
            let key: Int
            let understood: Bool
            // Each constant is the key's bytes, the first in the lowest place. Key and value are read in one branch, for the
            // processor to follow the order that it has seen in the lines before.
            if word & 0xff_ffff_ffff_ffff == 0x3a_2272_6573_7522 {  // "user":
                key = Self.seenID
                fix.kind = .user
                understood = Self.scanID(&at, after: 7, into: &fix)
            } else if word & 0xffff_ffff_ffff == 0x3a22_7461_6c22 {  // "lat":
                key = Self.seenLatitude
                understood = Self.scanDegrees(&at, after: 6, limit: 900_000_000, into: &fix.latitude)
            } else if word & 0xffff_ffff_ffff == 0x3a22_6e6f_6c22 {  // "lon":
                key = Self.seenLongitude
                understood = Self.scanDegrees(&at, after: 6, limit: 1_800_000_000, into: &fix.longitude)
            } else if word & 0xff_ffff_ffff == 0x3a_2273_7422 {  // "ts":
                key = Self.seenTime
                understood = Self.scanTime(&at, after: 5, into: &fix.time)
            } else if word & 0xffff_ffff_ffff == 0x3a22_6363_6122 {  // "acc":
                key = Self.seenAccuracy
                understood = Self.scanMetres(&at, after: 6, into: &fix.accuracy)
            } else if word == 0x2273_7569_6461_7222, at[8] == UInt8(ascii: ":") {  // "radius"
                key = Self.seenRadius
                understood = Self.scanMetres(&at, after: 9, into: &fix.radius) && radii.contains(fix.radius)
            } else if word & 0xff_ffff_ffff_ffff == 0x3a_2265_6e6f_6722 {  // "gone":
                key = Self.seenGone
                understood = Self.scanBool(&at, after: 7, into: &isGone)
            } else if word == 0x7463_656a_6275_7322, at[8] == Byte.quote, at[9] == UInt8(ascii: ":") {  // "subject
                key = Self.seenID
                fix.kind = .subject
                understood = Self.scanID(&at, after: 10, into: &fix)
            } else {
                return 0
            }
            guard understood, seen & key == 0 else { return 0 }
            seen |= key

            if _slowPath(at[0] == UInt8(ascii: " ")) { at += 1 }
            if at[0] == UInt8(ascii: ",") {
                at += 1
                Self.skipSpace(&at)
                continue
            }
            guard at[0] == UInt8(ascii: "}") else { return 0 }
            at += 1
            break
        }

        if _slowPath(at[0] == Byte.carriageReturn) { at += 1 }
        guard at[0] == Byte.newline else { return 0 }
        at += 1
        guard finish(&fix, seen: seen, isGone: isGone) else { return 0 }
        return at - start
    }

    /// Whether the keys make a fix together; what the kind of line ignores is cleared.
    @inline(__always)
    private func finish(_ fix: inout ScannedFix, seen: Int, isGone: Bool) -> Bool {
        let place = Self.seenID | Self.seenLatitude | Self.seenLongitude
        if isGone {
            guard seen & Self.seenID != 0, fix.kind == .user else { return false }
            fix.kind = .gone
            fix.latitude = 0
            fix.longitude = 0
            fix.accuracy = 0
            fix.radius = 0
            return true
        }
        return seen & place == place && (fix.kind == .user || seen & Self.seenRadius == 0)
    }

    // MARK: Values

    /// An id between quotes: 1 to 128 bytes of UTF-8 without escapes and control characters.
    @inline(__always)
    private static func scanID(_ at: inout UnsafePointer<UInt8>, after key: Int, into fix: inout ScannedFix) -> Bool {
        at += key
        skipSpace(&at)
        guard at[0] == Byte.quote else { return false }
        let start = at + 1
        var offset = 0
        var isASCII = true
        while true {
            let word = load(start + offset)
            // Controls, quotes, backslashes, 0x7f, and what is not ASCII.
            var marks = Word.matches(word, Byte.quote) | Word.matches(word, Byte.backslash) | Word.matches(word, 0x7f)
            marks |= (word &- Word.lows &* 0x20) & ~word & Word.highs
            marks |= word & Word.highs
            guard marks != 0 else {
                offset += 8
                guard offset <= 128 else { return false }
                continue
            }
            offset += marks.trailingZeroBitCount / 8
            let byte = start[offset]
            if byte == Byte.quote { break }
            guard byte >= 0x80 else { return false }
            isASCII = false
            while start[offset] >= 0x80 {
                offset += 1
                guard offset <= 128 else { return false }
            }
        }
        guard offset >= 1, offset <= 128 else { return false }
        if !isASCII {
            let bytes = UnsafeRawBufferPointer(start: start, count: offset)
            guard JSONParser.isUTF8(bytes), !FixReader.holdsControl(bytes) else { return false }
        }
        fix.idStart = start
        fix.idCount = offset
        at = start + offset + 1
        return true
    }

    /// A decimal number of degrees as units of 1e-7 degree.
    ///
    /// The general way rounds the nearest double; digits beyond the seventh decimal that come near to one half are left to it.
    @inline(__always)
    private static func scanDegrees(_ at: inout UnsafePointer<UInt8>, after key: Int, limit: Int64, into units: inout Int32) -> Bool {
        at += key
        skipSpace(&at)
        let isNegative = at[0] == UInt8(ascii: "-")
        if _slowPath(isNegative) { at += 1 }
        let head = load(at) ^ zeroDigits
        let wholeCount = digitCount(head)
        guard wholeCount >= 1, wholeCount <= 3, wholeCount == 1 || head & 0xff != 0 else { return false }
        var value = Int64(number(head &<< UInt64(64 &- 8 &* wholeCount))) &* 10_000_000
        at += wholeCount
        var roundsUp = false
        if at[0] == UInt8(ascii: ".") {
            at += 1
            let fraction = load(at) ^ zeroDigits
            let count = digitCount(fraction)
            guard count >= 1 else { return false }
            if count <= 7 {
                // One 0 before, then the digits, then zeros.
                value &+= Int64(number((fraction & ((1 &<< UInt64(8 &* count)) &- 1)) << 8))
                at += count
            } else {
                value &+= Int64(number(fraction << 8))
                at += 7
                guard let rest = scanRest(&at), rest < 49_999_000 || rest > 50_001_000 else { return false }
                roundsUp = rest > 50_000_000
            }
        }
        guard value < limit else { return false }
        if roundsUp { value &+= 1 }
        if isNegative { value = -value }
        units = Int32(truncatingIfNeeded: value == 1_800_000_000 ? -1_800_000_000 : value)
        return true
    }

    /// The digits beyond the seventh decimal, at most twelve, as a fraction in units of 1e-8; `nil` if there are more.
    @inline(__always)
    private static func scanRest(_ at: inout UnsafePointer<UInt8>) -> UInt64? {
        let digits = load(at) ^ zeroDigits
        let count = digitCount(digits)
        at += count
        guard count == 8 else { return number(digits & ((1 &<< UInt64(8 &* count)) &- 1)) }
        let more = digitCount(load(at) ^ zeroDigits)
        guard more <= 4 else { return nil }
        at += more
        return number(digits)
    }

    /// Milliseconds: a whole number of at most 16 digits, up to 2^53 − 1.
    @inline(__always)
    private static func scanTime(_ at: inout UnsafePointer<UInt8>, after key: Int, into time: inout Int64) -> Bool {
        at += key
        skipSpace(&at)
        let head = load(at) ^ zeroDigits
        let headCount = digitCount(head)
        guard headCount >= 1, headCount == 1 || head & 0xff != 0 else { return false }
        at += headCount
        var value = number(head &<< UInt64(64 &- 8 &* headCount))
        if headCount == 8 {
            let tail = load(at) ^ zeroDigits
            let tailCount = digitCount(tail)
            if tailCount > 0 {
                value = value &* powers[tailCount] &+ number(tail &<< UInt64(64 &- 8 &* tailCount))
                at += tailCount
            }
        }
        guard value <= UInt64(JSONElement.largestInteger) else { return false }
        time = Int64(value)
        return true
    }

    /// A decimal number of at most eight digits and seven decimals: both fit a double exactly, so that the quotient is
    /// the nearest double to the text.
    @inline(__always)
    private static func scanMetres(_ at: inout UnsafePointer<UInt8>, after key: Int, into metres: inout Double) -> Bool {
        at += key
        skipSpace(&at)
        let head = load(at) ^ zeroDigits
        let wholeCount = digitCount(head)
        guard wholeCount >= 1, wholeCount == 1 || head & 0xff != 0 else { return false }
        let whole = number(head &<< UInt64(64 &- 8 &* wholeCount))
        at += wholeCount
        guard at[0] == UInt8(ascii: ".") else {
            metres = Double(whole)
            return true
        }
        at += 1
        let fraction = load(at) ^ zeroDigits
        let count = digitCount(fraction)
        guard count >= 1, count <= 7 else { return false }
        at += count
        let power = powers[count]
        metres = Double(whole &* power &+ number(fraction &<< UInt64(64 &- 8 &* count))) / Double(power)
        return true
    }

    @inline(__always)
    private static func scanBool(_ at: inout UnsafePointer<UInt8>, after key: Int, into value: inout Bool) -> Bool {
        at += key
        skipSpace(&at)
        let word = load(at)
        if word & 0xffff_ffff == 0x6575_7274 {  // true
            at += 4
            value = true
            return true
        }
        guard word & 0xff_ffff_ffff == 0x65_736c_6166 else { return false }  // false
        at += 5
        return true
    }

    // MARK: Words

    @inline(__always)
    private static func load(_ at: UnsafePointer<UInt8>) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    private static func skipSpace(_ at: inout UnsafePointer<UInt8>) {
        // Told to be unlikely, so that it becomes a branch: computed, it would make every later byte wait for this one.
        if _slowPath(at[0] == UInt8(ascii: " ")) {
            at += 1
            if _slowPath(at[0] == UInt8(ascii: " ")) { at += 1 }
        }
    }

    /// Turns the digits of a word into their values.
    private static var zeroDigits: UInt64 { 0x3030_3030_3030_3030 }

    /// 10^0 … 10^8.
    private static let powers: [9 of UInt64] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]

    /// How many bytes at the start of the word are digit values, 0 to 9.
    @inline(__always)
    private static func digitCount(_ word: UInt64) -> Int {
        let others = (((word & 0x7f7f_7f7f_7f7f_7f7f) &+ 0x7676_7676_7676_7676) | word) & Word.highs
        return others.trailingZeroBitCount / 8
    }

    /// The number that eight digit values make, the first being the most significant.
    @inline(__always)
    private static func number(_ digits: UInt64) -> UInt64 {
        let pairs = digits &* 10 &+ (digits >> 8)
        let low = (pairs & 0x0000_00ff_0000_00ff) &* 0x000f_4240_0000_0064
        let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff) &* 0x0000_2710_0000_0001
        return (low &+ high) >> 32
    }
}
