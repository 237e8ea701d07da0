// The files of a recording, each as lines that are due one after the other.

internal import VicinityClient

/// One file of a recording.
enum RecordedFile {
    case lines(LineFile)
    case tracks(TrackFile)

    /// Opens a file and sees what it is: GPX by its name or content, else lines as a gateway sends them; plain or gzip.
    ///
    /// - Throws: ``ClientFault/badData(_:)`` if it is GPX and broken; why has been named then.
    static func open(
        _ path: String, index: Int, decoder: LineDecoder, console: Console, now: () -> Int64
    ) throws(ClientFault) -> RecordedFile {
        do throws(InputFault) {
            var source = try ByteSource(path: path)
            _ = try source.readMore()
            guard GPXReader.isNamed(path) || GPXReader.isContent(source.chunk) else {
                return .lines(LineFile(source, index: index, decoder: decoder))
            }
            if let file = try TrackFile(source, index: index, decoder: decoder, console: console, now: now) { return .tracks(file) }
        } catch {
            throw .input(error)
        }
        throw .badData("\(InputName.shown(path)) is broken, so nothing was simulated")
    }

    /// When its first line is due, by its own time; `nil` if it has no time within reach.
    var beginning: Int64? {
        get throws(InputFault) {
            switch self {
            case .lines(let file): try file.beginning()
            case .tracks(let file): file.beginning
            }
        }
    }

    /// Says when the lines of a file are due before the first that has a time.
    func begin(at time: Int64) {
        switch self {
        case .lines(let file): file.begin(at: time)
        case .tracks: break
        }
    }

    /// Bytes that were read, and the size if it is a file.
    var progress: (read: Int64, size: Int64?) {
        switch self {
        case .lines(let file): file.progress
        case .tracks(let file): file.progress
        }
    }

    /// - Returns: `nil` at the end.
    func next() throws(InputFault) -> RecordedLine? {
        switch self {
        case .lines(let file): try file.next()
        case .tracks(let file): file.next()
        }
    }
}

/// NDJSON, read as it is needed.
///
/// A class because it owns its source, which cannot be copied, and files come in arrays.
final class LineFile {
    /// The daemon refuses lines beyond 65,536 bytes; of longer ones the beginning is enough to say so.
    private static let lineLimit = 96 << 10
    /// Lines without a time at the beginning that are kept until one has a time.
    static let lookAhead = 10_000

    private let index: Int
    private var source: LineSource
    private var decoder: LineDecoder
    private var line: [UInt8] = []
    /// Lines that were read while the first time was looked for.
    private var waiting: [RecordedLine] = []
    private var given = 0
    private var due: Int64 = 0

    /// - Parameter source: may have a chunk at hand already.
    init(_ source: consuming ByteSource, index: Int, decoder: LineDecoder) {
        self.index = index
        self.source = LineSource(source, limit: Self.lineLimit)
        self.decoder = decoder
    }

    /// Looks for the first time.
    func beginning() throws(InputFault) -> Int64? {
        while waiting.count < Self.lookAhead, let line = try read() {
            waiting.append(line)
            if let time = line.time { return time }
        }
        return nil
    }

    func begin(at time: Int64) { due = time }

    var progress: (read: Int64, size: Int64?) { (source.bytesRead, source.size) }

    func next() throws(InputFault) -> RecordedLine? {
        var next: RecordedLine?
        if given < waiting.count {
            next = waiting[given]
            given += 1
        } else {
            if !waiting.isEmpty { waiting = [] }
            given = 0
            next = try read()
        }
        guard var found = next else { return nil }
        due = max(due, found.time ?? due)
        found.due = due
        return found
    }

    /// The next line that is not empty.
    private func read() throws(InputFault) -> RecordedLine? {
        while try source.next(&line) == .line {
            guard let content = decoder.content(of: line) else { continue }
            return RecordedLine(place: LinePlace(file: index, line: source.lineNumber), due: 0, content: content)
        }
        return nil
    }
}

/// GPX, read as a whole: its tracks may have been recorded side by side, and stand one after the other.
final class TrackFile {
    private var lines: [RecordedLine] = []
    private var given = 0
    private let size: Int64

    /// - Returns: `nil` if it is broken; why has been said then.
    init?(
        _ source: consuming ByteSource, index: Int, decoder: LineDecoder, console: Console, now: () -> Int64
    ) throws(InputFault) {
        let name = InputName.shown(source.name)
        size = source.size ?? 0
        var bar = RecordBar("reading", at: source.name, counting: "points", on: console, now: now())
        defer { bar.clear() }
        var decoder = decoder
        var reader = GPXReader(source)
        var track = 0
        var due: Int64 = 0
        while let record = try reader.next() {
            bar.took(reader.progress, clock: now)
            switch record {
            case .point(let point, let line):
                if point.track != track { due = 0 }
                track = point.track
                due = max(due, point.time)
                guard let content = decoder.content(of: point.line) else { continue }
                lines.append(RecordedLine(place: LinePlace(file: index, line: line), due: due, content: content))
            case .bad(let error, let line):
                lines.append(RecordedLine(place: LinePlace(file: index, line: line), due: due, content: .noFix(error.why)))
            case .note(let text, let line):
                bar.clear()
                console.complain("\(name):\(line): \(text.terminalSafe)")
            case .broken(let error, let line):
                bar.clear()
                console.complain("\(name):\(line): \(error.why.terminalSafe)")
                return nil
            }
        }
        // By place among equals: the library does not promise that its sort is stable.
        let order = lines.indices.sorted { (lines[$0].due, $0) < (lines[$1].due, $1) }
        lines = order.map { lines[$0] }
    }

    var beginning: Int64? { lines.first { $0.time != nil }?.due }

    /// A part of the file as large as that of its lines that were given: all of it has been read.
    var progress: (read: Int64, size: Int64?) { (lines.isEmpty ? size : size * Int64(given) / Int64(lines.count), size) }

    func next() -> RecordedLine? {
        guard given < lines.count else { return nil }
        defer { given += 1 }
        return lines[given]
    }
}
