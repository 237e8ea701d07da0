internal import VicinityCore
internal import VicinityWire

/// Where a line stands.
struct LinePlace: Equatable {
    /// Among the files of the command line, from 0.
    let file: Int
    /// From 1.
    let line: Int
}

/// One line of a recording, decoded, with the time at which it is due.
struct RecordedLine {
    enum Content {
        case fix(Fix, id: [UInt8])
        /// What the daemon would answer.
        case error(LineErrorCode, String)
        /// A point of a track that is none: a clause.
        case noFix(String)
    }

    let place: LinePlace
    /// Unix milliseconds: its `ts`, or that of a line before it if that is later. Never falls within a file, or a track of a file.
    var due: Int64
    let content: Content

    /// Its own `ts`; `nil` if it has none.
    var time: Int64? {
        guard case .fix(let fix, _) = content, fix.time != Fix.absentTime else { return nil }
        return fix.time
    }
}

/// Decodes lines as the daemon does, one at a time.
struct LineDecoder {
    private var decoder: FixDecoder
    private var batch = FixBatch(source: 1, firstLine: 1)

    /// - Parameters:
    ///   - hasher: the engine's.
    ///   - radii: metres that a line may ask for.
    init(hasher: IDHasher, radii: ClosedRange<Double>) {
        decoder = FixDecoder(hasher: hasher, radii: radii, parser: JSONParser(), shapes: nil)
    }

    /// - Parameter line: without its line feed.
    /// - Returns: `nil` for an empty line.
    mutating func content(of line: [UInt8]) -> RecordedLine.Content? {
        batch.reset(source: 1, firstLine: 1)
        line.withUnsafeBytes { decoder.finish($0, into: &batch) }
        if let fix = batch.fixes.first { return .fix(fix, id: batch.ids) }
        return batch.errors.first.map { .error($0.code, $0.message) }
    }
}
