// The general way through a line of a gateway: every spelling, every error, in the contract's order.
//
// What the contract leaves open is decided so:
//  - With `gone: true` only `user` and `ts` count, and `subject`, which must not be there; of the other keys even the type
//    does not matter. `gone: false` is as if absent.
//  - A `radius` beside a `subject` is ignored altogether: it is for users only, and no code of the table applies to it.
//  - Numbers are compared as the nearest doubles; one that is beyond all doubles is out of every range.

internal import VicinityCore

/// What one line is.
enum LineReading {
    case blank
    /// The id lies in the line or in the parser's document.
    case fix(ScannedFix)
    case error(LineErrorCode, String)
}

struct FixReader {
    /// Bytes that a line may have, without its end.
    static let longestLine = 65_536

    let parser: JSONParser
    /// The halo's radius in metres.
    var radii: ClosedRange<Double>

    /// Reads one line.
    ///
    /// - Parameter line: without its line feed and the carriage return before it.
    /// - Complexity: O(line); allocates only for an error.
    func read(_ line: UnsafeRawBufferPointer) -> LineReading {
        if line.count > Self.longestLine { return .error(.lineTooLong, FixMessage.tooLong) }
        if line.isBlank { return .blank }
        if !JSONParser.isUTF8(line) { return .error(.badUTF8, "the line is not UTF-8") }
        if JSONText.holdsLoneSurrogate(line) { return .error(.badUTF8, "the line holds the escape of a lone surrogate") }
        guard let root = parser.parse(line), root.kind == .object else {
            return .error(.badJSON, "the line is not one JSON object")
        }
        var keys = FixKeys()
        if let twice = keys.collect(root) { return .error(.badJSON, "\(twice) is given twice") }
        do {
            return .fix(try fix(keys))
        } catch {
            return .error(error.code, error.message(in: line))
        }
    }

    private func fix(_ keys: FixKeys) throws(FixProblem) -> ScannedFix {
        let isGone = keys[.gone]?.bool == true
        guard keys[.user] != nil || keys[.subject] != nil else { throw .missingSender }
        if !isGone {
            if keys[.latitude] == nil { throw .missing(.latitude) }
            if keys[.longitude] == nil { throw .missing(.longitude) }
        }
        if keys[.user] != nil, keys[.subject] != nil { throw .twoSenders }
        if isGone, keys[.subject] != nil { throw .goneSubject }

        let isSubject = keys[.subject] != nil
        let sender: FixKey = isSubject ? .subject : .user
        try keys.check(sender, is: .string)
        if !isGone {
            try keys.check(.latitude, is: .number)
            try keys.check(.longitude, is: .number)
        }
        try keys.check(.time, is: .number)
        if !isGone {
            try keys.check(.accuracy, is: .number)
            if !isSubject { try keys.check(.radius, is: .number) }
            try keys.check(.gone, is: .bool)
        }

        guard let id = keys[sender]?.utf8, let start = id.baseAddress, Self.isID(id) else {
            throw .range(sender, keys.place(of: sender), radii)
        }
        var fix = ScannedFix(idStart: start.assumingMemoryBound(to: UInt8.self), idCount: id.count)
        fix.kind = isGone ? .gone : isSubject ? .subject : .user
        if !isGone {
            let latitude = try keys.number(.latitude, in: -90...90, radii) ?? 0
            let longitude = try keys.number(.longitude, in: -180...180, radii) ?? 0
            fix.latitude = Int32((latitude * Coordinate.unitsPerDegree).rounded())
            fix.longitude = Int32((longitude * Coordinate.unitsPerDegree).rounded())
            if fix.longitude == 1_800_000_000 { fix.longitude = -1_800_000_000 }
            // The sum has no −0.
            fix.accuracy = (try keys.number(.accuracy, in: 0...JSONElement.tooLarge.nextDown, radii) ?? 0) + 0
            if !isSubject { fix.radius = try keys.number(.radius, in: radii, radii) ?? 0 }
        }
        if let time = keys[.time] {
            guard let value = time.integer, (0...JSONElement.largestInteger).contains(value) else {
                throw .range(.time, keys.place(of: .time), radii)
            }
            fix.time = value
        }
        return fix
    }

    /// 1 to 128 bytes of UTF-8 without control characters.
    static func isID(_ bytes: UnsafeRawBufferPointer) -> Bool { (1...128).contains(bytes.count) && !holdsControl(bytes) }

    /// Whether well-formed UTF-8 holds a character of Unicode's category Cc: U+0000 to U+001F and U+007F to U+009F.
    static func holdsControl(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var previous: UInt8 = 0
        for byte in bytes {
            if byte < 0x20 || byte == 0x7f || (previous == 0xc2 && byte < 0xa0) { return true }
            previous = byte
        }
        return false
    }
}
