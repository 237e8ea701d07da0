// From a gateway's bytes to batches of fixes.
//
// The decoder sees a stream chopped anywhere. It frames lines, numbers them, and gives each first to the shapes (fastest, take what looks
// like lines before it), then to the scanner (fast, takes only what it fully understands), then to the reader (general, takes everything). Bytes
// of an unfinished line stay with the caller, who brings them again with what follows; the decoder remembers how far it has looked for the line's end.

package import VicinityCore

/// Decodes the lines of one connection.
///
/// A small value; the parser and the shapes behind it may be shared by all decoders of an event loop.
package struct FixDecoder {
    /// Lines that a batch holds at most, unless the caller says otherwise.
    package static let linesPerBatch = 16_384
    /// Bytes of an unfinished line that the caller has to keep at most: a line, and the carriage return after it.
    package static let longestRest = FixReader.longestLine + 1

    /// The radius in metres that a line may ask for.
    package var radii: ClosedRange<Double> {
        get { scanner.radii }
        set {
            scanner.radii = newValue
            reader.radii = newValue
        }
    }

    /// Whether the scanner is asked first. Off only to compare the two ways.
    package var usesScanner = true

    /// Bytes of an id.
    private static let longestID = 128
    /// A line of at most this many bytes is copied to where the scanner may read beyond it.
    private static let longestCopy = 448

    private let hasher: IDHasher
    private let shapes: FixShapes?
    private var scanner: FixScanner
    private var reader: FixReader
    /// Bytes of the unfinished line that hold no line feed.
    private var searched = 0
    /// Whether the rest of a line that is too long is being skipped.
    private var isSkipping = false

    /// - Parameters:
    ///   - shapes: `nil` leaves every line to the scanner and the reader.
    ///   - resuming: where in a line a decoder in another process was, whose unfinished line comes first now.
    package init(
        hasher: IDHasher, radii: ClosedRange<Double>, parser: JSONParser, shapes: FixShapes?, resuming: Resumption = Resumption()
    ) {
        isSkipping = resuming.isSkipping
        self.hasher = hasher
        self.shapes = shapes
        scanner = FixScanner(radii: radii)
        reader = FixReader(parser: parser, radii: radii)
    }

    package typealias Resumption = LineResumption

    /// What a successor must know beside the bytes that the caller keeps.
    package var resumption: Resumption { Resumption(isSkipping: isSkipping) }

    /// Decodes complete lines from the front of `bytes` and appends what they are to `batch`.
    ///
    /// A line that is too long is reported and counted as soon as that is known; what follows of it is consumed without
    /// being kept.
    ///
    /// - Parameters:
    ///   - bytes: begins with what the last call left; nothing of it need stay readable afterwards.
    ///   - batch: its lines so far are the ones before these.
    ///   - maxLines: as many lines the batch may hold. If it is full, call again with another batch.
    /// - Returns: the bytes consumed. The caller keeps the rest, at most ``longestRest`` bytes unless the batch is full.
    /// - Complexity: O(bytes), however the stream is chopped. No allocation for a good line once the batch has grown.
    package mutating func decode(
        _ bytes: UnsafeRawBufferPointer, into batch: inout FixBatch, maxLines: Int = Self.linesPerBatch
    ) -> Int {
        guard !bytes.isEmpty else { return 0 }
        var at = 0
        if isSkipping {
            guard let end = bytes.firstPlace(of: Byte.newline) else { return bytes.count }
            isSkipping = false
            at = end + 1
        }
        while batch.lineCount < maxLines, at < bytes.count {
            let canScan = usesScanner && bytes.count - at >= FixScanner.reach
            if canScan {
                let scanned = scanLines(bytes, from: at, into: &batch, maxLines: maxLines)
                if scanned > at {
                    at = scanned
                    searched = 0
                    continue
                }
            }
            guard let end = bytes.firstPlace(of: Byte.newline, from: at + searched) else {
                return leave(bytes.part(at..<bytes.count), in: &batch) ? bytes.count : at
            }
            searched = 0
            decodeLine(bytes.part(at..<end), behind: canScan ? nil : bytes.count - end - 1, into: &batch)
            at = end + 1
        }
        return at
    }

    /// Decodes what is left when the stream has ended: a last line without a line feed.
    ///
    /// - Parameter rest: what the last call of ``decode(_:into:maxLines:)`` left, the batch not being full.
    package mutating func finish(_ rest: UnsafeRawBufferPointer, into batch: inout FixBatch) {
        if !isSkipping, !rest.isEmpty { decodeLine(rest, behind: 0, into: &batch) }
        isSkipping = false
        searched = 0
    }

    /// Decides what becomes of an unfinished line.
    ///
    /// - Returns: whether it is too long, and has been dealt with.
    private mutating func leave(_ rest: UnsafeRawBufferPointer, in batch: inout FixBatch) -> Bool {
        guard rest.withoutCarriageReturn.count > FixReader.longestLine else {
            searched = rest.count
            return false
        }
        batch.errors.append(LineError(line: batch.lineCount, code: .lineTooLong, message: FixMessage.tooLong))
        batch.lineCount += 1
        searched = 0
        isSkipping = true
        return true
    }

    /// Takes lines as long as the shapes know or the scanner understands them.
    ///
    /// The loop writes through pointers into room that was made before it; with two appends a line took 100 ns instead of 82.
    ///
    /// - Returns: where it stopped: before a line that is not for the scanner, without room, or too near to the end.
    private func scanLines(
        _ bytes: UnsafeRawBufferPointer, from start: Int, into batch: inout FixBatch, maxLines: Int
    ) -> Int {
        guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return start }
        let room = min(maxLines - Int(batch.lineCount), (bytes.count - start) / 64 + 1)
        let idRoom = room * 16 + Self.idMargin
        var run = Run(line: batch.lineCount, idsBefore: batch.ids.count, at: start)
        var ids: [UInt8] = []
        swap(&ids, &batch.ids)
        batch.fixes.append(addingCapacity: room) { fixSpan in
            ids.append(addingCapacity: idRoom) { idSpan in
                fixSpan.withUnsafeMutableBufferPointer { fixes, fixCount in
                    idSpan.withUnsafeMutableBufferPointer { idBytes, idCount in
                        guard let fixBase = fixes.baseAddress, let idBase = idBytes.baseAddress else { return }
                        let target = FixShapes.Target(
                            fixes: fixBase, room: room, ids: idBase, idRoom: idBytes.count, line: run.line, idOffset: run.idsBefore)
                        scan(base, count: bytes.count, into: target, &run)
                        fixCount = run.count
                        idCount = run.idCount
                    }
                }
            }
        }
        swap(&ids, &batch.ids)
        batch.lineCount += UInt32(truncatingIfNeeded: run.count)
        return run.at
    }

    /// Bytes of ids that there must be room for before a line is taken: an id, and what is written behind it.
    private static let idMargin = longestID + 16

    /// How far ``scanLines(_:from:into:maxLines:)`` has come.
    private struct Run {
        /// Of the first line.
        let line: UInt32
        /// Bytes of ids that were in the batch.
        let idsBefore: Int
        var at: Int
        var count = 0
        var idCount = 0
    }

    /// The loop of ``scanLines(_:from:into:maxLines:)``.
    ///
    /// Where the shapes know no line the scanner takes more and more before they are asked again, up to 64.
    private func scan(_ base: UnsafePointer<UInt8>, count: Int, into target: FixShapes.Target, _ run: inout Run) {
        var at = run.at
        var lines = 0
        var offset = 0
        var pause = 1
        var waits = shapes == nil ? Int.max : 0
        var found = ScannedFix(idStart: base)
        while lines < target.room, target.idRoom - offset >= Self.idMargin, count - at >= FixScanner.reach {
            if waits == 0, let shapes {
                var rest = target
                rest.fixes += lines
                rest.room -= lines
                rest.ids += offset
                rest.idRoom -= offset
                rest.line &+= UInt32(truncatingIfNeeded: lines)
                rest.idOffset += offset
                let taken = shapes.take(base + at, count: count - at, into: rest, hasher: hasher, radii: scanner.radii)
                at += taken.bytes
                lines += taken.lines
                offset += taken.idBytes
                pause = taken.lines > 0 ? 1 : min(64, 2 * pause)
                waits = pause
                continue
            }
            found.clear()
            let length = scanner.scan(base + at, into: &found)
            guard length > 0 else { break }
            shapes?.missed(base + at, count: length)
            at += length
            Self.copyID(found, to: target.ids + offset)
            (target.fixes + lines).initialize(
                to: fix(found, idOffset: target.idOffset + offset, line: target.line &+ UInt32(truncatingIfNeeded: lines)))
            offset += found.idCount
            lines += 1
            waits -= 1
        }
        run.at = at
        run.count = lines
        run.idCount = offset
    }

    /// Copies an id in steps of eight bytes; at `target` there is room for ``idMargin``.
    @inline(__always)
    private static func copyID(_ fix: ScannedFix, to target: UnsafeMutablePointer<UInt8>) {
        var at = 0
        repeat {
            let word = UnsafeRawPointer(fix.idStart + at).loadUnaligned(as: UInt64.self)
            UnsafeMutableRawPointer(target + at).storeBytes(of: word, as: UInt64.self)
            at += 8
        } while at < fix.idCount
    }

    /// Gives one line to whoever understands it.
    ///
    /// - Parameters:
    ///   - bytes: without the line feed.
    ///   - behind: bytes that are readable after the line feed; `nil` if the scanner has refused the line already.
    private func decodeLine(_ bytes: UnsafeRawBufferPointer, behind: Int?, into batch: inout FixBatch) {
        if usesScanner, let behind {
            if behind >= FixScanner.overrun {
                if let base = bytes.baseAddress, scanLine(base, count: bytes.count, into: &batch) { return }
            } else if bytes.count <= Self.longestCopy, scanCopy(of: bytes, into: &batch) {
                return
            }
        }
        switch reader.read(bytes.withoutCarriageReturn) {
        case .blank: batch.lineCount += 1
        case .fix(let found): append(found, to: &batch)
        case .error(let code, let message):
            batch.errors.append(LineError(line: batch.lineCount, code: code, message: message))
            batch.lineCount += 1
        }
    }

    /// Gives the scanner a line behind which too little is readable.
    private func scanCopy(of line: UnsafeRawBufferPointer, into batch: inout FixBatch) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: Self.longestCopy + 1 + FixScanner.overrun, alignment: 8) { buffer in
            guard let base = buffer.baseAddress else { return false }
            buffer.copyMemory(from: line)
            let end = UnsafeMutableRawBufferPointer(rebasing: buffer[line.count...line.count + FixScanner.overrun])
            end.initializeMemory(as: UInt8.self, repeating: Byte.newline)
            return scanLine(UnsafeRawPointer(base), count: line.count, into: &batch)
        }
    }

    /// Gives the scanner one line that has a line feed and enough behind it.
    private func scanLine(_ start: UnsafeRawPointer, count: Int, into batch: inout FixBatch) -> Bool {
        let start = start.assumingMemoryBound(to: UInt8.self)
        var found = ScannedFix(idStart: start)
        guard scanner.scan(start, into: &found) == count + 1 else { return false }
        append(found, to: &batch)
        return true
    }

    private func append(_ found: ScannedFix, to batch: inout FixBatch) {
        batch.fixes.append(fix(found, idOffset: batch.ids.count, line: batch.lineCount))
        batch.ids.append(contentsOf: UnsafeRawBufferPointer(start: found.idStart, count: found.idCount))
        batch.lineCount += 1
    }

    @inline(__always)
    private func fix(_ found: ScannedFix, idOffset: Int, line: UInt32) -> Fix {
        Fix(
            kind: found.kind, idOffset: UInt32(truncatingIfNeeded: idOffset), idLength: UInt8(truncatingIfNeeded: found.idCount),
            line: line,
            hash: hasher.hash(found.idStart, count: found.idCount), latitude: found.latitude, longitude: found.longitude,
            time: found.time, accuracy: found.accuracy, radius: found.radius)
    }
}
