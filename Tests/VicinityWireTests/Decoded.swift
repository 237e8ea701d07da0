import VicinityCore
import VicinityWire

/// What a stream of bytes was decoded to, in a form that two ways of decoding can be compared in.
struct Decoded: Equatable, CustomStringConvertible {
    /// One entry for each fix and error, in the order of the lines.
    var entries: [String] = []
    var lineCount: UInt64 = 0

    var description: String { entries.joined(separator: "\n") }

    /// Decodes a whole stream.
    ///
    /// - Parameters:
    ///   - shapes: are asked before the scanner.
    ///   - cuts: the lengths of the pieces that the stream comes in, one after the other, and again from the first; none is one piece.
    ///   - maxLines: of one batch.
    ///   - isHandedOn: after every piece another decoder goes on where the one before it was.
    init(
        _ bytes: [UInt8], usesScanner: Bool = true, shapes: FixShapes? = FixShapes(), cuts: [Int] = [], maxLines: Int = 1000,
        radii: ClosedRange<Double> = 50...50_000,
        isHandedOn: Bool = false
    ) {
        var decoder = FixDecoder(hasher: IDHasher(seed: 1), radii: radii, parser: JSONParser(), shapes: shapes)
        decoder.usesScanner = usesScanner
        var nextLine: UInt64 = 1
        var held: [UInt8] = []
        var at = 0
        var piece = 0
        while at < bytes.count {
            let length = cuts.isEmpty ? bytes.count : max(1, cuts[piece % cuts.count])
            piece += 1
            held += bytes[at..<min(bytes.count, at + length)]
            at += length
            while !held.isEmpty {
                var batch = FixBatch(source: 1, firstLine: nextLine)
                let consumed = held.withUnsafeBytes { decoder.decode($0, into: &batch, maxLines: maxLines) }
                precondition(consumed <= held.count && Int(batch.lineCount) <= maxLines, "beyond a bound")
                held.removeFirst(consumed)
                take(batch, &nextLine)
                if consumed == 0 { break }
            }
            precondition(held.count <= FixDecoder.longestRest, "an unfinished line of \(held.count) bytes is kept")
            if isHandedOn, let resumption = try? FixDecoder.Resumption(decoding: decoder.resumption.encode()) {
                decoder = FixDecoder(hasher: IDHasher(seed: 1), radii: radii, parser: JSONParser(), shapes: shapes, resuming: resumption)
                decoder.usesScanner = usesScanner
            }
        }
        var batch = FixBatch(source: 1, firstLine: nextLine)
        held.withUnsafeBytes { decoder.finish($0, into: &batch) }
        take(batch, &nextLine)
        lineCount = nextLine - 1
    }

    init(_ text: String) { self.init(Array(text.utf8)) }

    private mutating func take(_ batch: FixBatch, _ nextLine: inout UInt64) {
        var found: [(line: UInt32, text: String)] = batch.errors.map { ($0.line, "\($0.code.rawValue): \($0.message)") }
        var idEnd = 0
        for fix in batch.fixes {
            let start = Int(fix.idOffset)
            let id = Array(batch.ids[start..<start + Int(fix.idLength)])
            precondition(start == idEnd, "the ids are not one after the other")
            idEnd += id.count
            precondition(fix.hash == IDHasher(seed: 1).hash(id), "the hash is not the id's")
            var text = "\(fix.kind) \(String(decoding: id, as: UTF8.self)) \(fix.latitude) \(fix.longitude)"
            if fix.time != Fix.absentTime { text += " ts \(fix.time)" }
            if fix.accuracy.bitPattern != 0 { text += " acc \(fix.accuracy)" }
            if fix.radius.bitPattern != 0 { text += " radius \(fix.radius)" }
            found.append((fix.line, text))
        }
        found.sort { $0.line < $1.line }
        entries += found.map { "\(nextLine + UInt64($0.line)) \($0.text)" }
        nextLine += UInt64(batch.lineCount)
    }
}

/// A small deterministic source of chance (SplitMix64).
struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    mutating func oneIn(_ number: Int) -> Bool { below(number) == 0 }
}
