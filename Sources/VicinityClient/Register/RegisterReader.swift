// A register file to subjects, one at a time, in whatever of the three formats it is. Reading goes on after a bad record: the operator
// wants all of them named at once.

/// Reads the records of one register file.
package struct RegisterReader: ~Copyable {
    package enum Record: Equatable, Sendable {
        case subject(Subject, line: Int)
        case bad(BadRecord, line: Int)
    }

    /// Bytes of one record, as it is spelled in the file, at most.
    static let recordLimit = 8 << 20

    /// The format's own reader: exactly one of the two is there.
    private var lineRecords: LineRecords?
    private var featureRecords: FeatureRecords?
    /// Where each id was first seen.
    private var lines: [String: Int] = [:]

    /// - Parameter format: `nil` to tell it by the source's name, else by its content.
    package init(_ source: consuming ByteSource, format: RegisterFormat? = nil) throws(InputFault) {
        // One chunk is enough to see what the file is, and it is read on from here.
        var opening = source
        _ = try opening.readMore()
        let format = format ?? RegisterFormat(fileName: opening.name) ?? RegisterFormat(content: opening.chunk)
        switch format {
        case .ndjson: lineRecords = LineRecords(opening, kind: .ndjson)
        case .csv: lineRecords = LineRecords(opening, kind: .csv)
        case .geojson:
            let shape = JSONShape(opening.chunk)
            if shape.keys.contains("features") || shape.type == "FeatureCollection" {
                featureRecords = FeatureRecords(opening)
            } else {
                lineRecords = LineRecords(opening, kind: .features)
            }
        }
    }

    /// Bytes of the file read so far, and its size if it is one.
    package var progress: (read: Int64, size: Int64?) {
        switch lineRecords {
        case .some(let records): return records.progress
        case nil: break
        }
        switch featureRecords {
        case .some(let records): return records.progress
        case nil: return (0, nil)
        }
    }

    /// - Returns: `nil` at the end of the file.
    package mutating func next() throws(InputFault) -> Record? {
        guard let raw = try nextRaw() else { return nil }
        do throws(BadRecord) {
            let subject = try Subject(checking: try raw.value.get())
            if let first = lines[subject.id] {
                throw BadRecord(why: "the id \"\(subject.id)\" is there already, on line \(first)")
            }
            lines[subject.id] = raw.line
            return .subject(subject, line: raw.line)
        } catch {
            return .bad(error, line: raw.line)
        }
    }

    private mutating func nextRaw() throws(InputFault) -> RawRecord? {
        if lineRecords != nil { return try lineRecords?.next() }
        return try featureRecords?.next()
    }
}

/// A record as the file's own format gives it.
struct RawRecord {
    /// From 1.
    let line: Int
    let value: Result<JSONValue, BadRecord>

    init(line: Int, _ make: () throws(BadRecord) -> JSONValue) {
        self.line = line
        do { value = .success(try make()) } catch { value = .failure(error) }
    }

    /// One JSON value from its bytes; a `\r` at the end is white space.
    static func json(_ bytes: [UInt8]) throws(BadRecord) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw BadRecord(why: "not JSON: \(error.why) (byte \(error.offset + 1))")
        }
    }
}
