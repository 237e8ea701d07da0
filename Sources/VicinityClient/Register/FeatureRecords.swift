// The Features of one FeatureCollection, in the order of the file.

struct FeatureRecords: ~Copyable {
    private var source: ByteSource
    private var position = 0
    private var splitter = FeatureSplitter(limit: RegisterReader.recordLimit)
    private var hasFailed = false

    /// - Parameter source: has a chunk at hand already.
    init(_ source: consuming ByteSource) {
        self.source = source
        if self.source.chunk.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    var progress: (read: Int64, size: Int64?) { (source.bytesRead, source.size) }

    mutating func next() throws(InputFault) -> RawRecord? {
        guard !hasFailed else { return nil }
        while true {
            while position < source.chunk.count {
                let step: FeatureSplitter.Step
                do { step = try splitter.take(source.chunk[position]) } catch { return failure(error) }
                position += 1
                if step == .feature { return element() }
            }
            position = 0
            if try !source.readMore() { break }
        }
        hasFailed = true
        return splitter.faultAtEnd.map { failure(BadRecord(why: $0)) }
    }

    private mutating func failure(_ error: BadRecord) -> RawRecord {
        hasFailed = true
        return RawRecord(line: splitter.line) { () throws(BadRecord) in throw error }
    }

    private func element() -> RawRecord {
        RawRecord(line: splitter.featureLine) { () throws(BadRecord) in
            if splitter.isCut { throw BadRecord(why: "the Feature is longer than \(RegisterReader.recordLimit) bytes") }
            return try Feature.record(try RawRecord.json(splitter.feature))
        }
    }
}
