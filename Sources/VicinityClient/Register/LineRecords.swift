// The formats that go by lines: one JSON object or Feature each, or CSV, whose records may span several.

struct LineRecords: ~Copyable {
    enum Kind {
        case ndjson
        case csv
        case features
    }

    private var lines: LineSource
    private let kind: Kind
    private var line: [UInt8] = []
    private var header: CSVHeader?
    private var hasFailed = false

    init(_ source: consuming ByteSource, kind: Kind) {
        self.kind = kind
        lines = LineSource(source, limit: RegisterReader.recordLimit)
    }

    var progress: (read: Int64, size: Int64?) { (lines.bytesRead, lines.size) }

    mutating func next() throws(InputFault) -> RawRecord? {
        switch kind {
        case .ndjson: try nextValue { (value) throws(BadRecord) in value }
        case .features: try nextValue { (value) throws(BadRecord) in try Feature.record(value) }
        case .csv: try nextCSV()
        }
    }

    private mutating func nextLine() throws(InputFault) -> Bool {
        guard try lines.next(&line) == .line else { return false }
        if lines.lineNumber == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        return true
    }

    private mutating func nextValue(
        _ convert: (JSONValue) throws(BadRecord) -> JSONValue
    ) throws(InputFault) -> RawRecord? {
        while try nextLine() {
            // RFC 8142 puts a record separator before each value.
            if line.first == 0x1E { line.removeFirst() }
            if line.allSatisfy(\.isSpace) { continue }
            let isCut = lines.isCut
            return RawRecord(line: lines.lineNumber) { () throws(BadRecord) in
                if isCut { throw BadRecord(why: "the line is longer than \(RegisterReader.recordLimit) bytes") }
                return try convert(try RawRecord.json(line))
            }
        }
        return nil
    }

    private mutating func nextCSV() throws(InputFault) -> RawRecord? {
        guard !hasFailed else { return nil }
        while true {
            guard let next = try nextRecord() else { return nil }
            var record = next.record
            if record.isBlank { continue }
            do {
                try record.finish()
                if let header {
                    return RawRecord(line: next.line) { () throws(BadRecord) in try header.record(record.fields) }
                }
                header = try CSVHeader(record.fields)
            } catch {
                // Without a header nothing else can be understood.
                if header == nil { hasFailed = true }
                return RawRecord(line: next.line) { () throws(BadRecord) in throw error }
            }
        }
    }

    /// The lines of one record, and the number of its first.
    private mutating func nextRecord() throws(InputFault) -> (record: CSVRecord, line: Int)? {
        guard try nextLine() else { return nil }
        let first = lines.lineNumber
        var record = CSVRecord()
        while !record.add(line), record.size < RegisterReader.recordLimit, try nextLine() {}
        return (record, first)
    }
}
