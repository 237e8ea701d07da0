package import VicinityCore

extension IngestConversation {
    /// What a conversation must know to go on in another process: all that it knows.
    ///
    /// Times are of a clock that goes on from one process of a boot to the next.
    package struct Resumption: Resumable {
        package static let version: UInt8 = 1

        /// As of the conversation; the number of the next line is one more, unless lines are handed on that are not dealt with.
        package var durableLine: UInt64
        /// Whether ``durableLine`` has not been acked.
        package var hasNewAck: Bool
        var backlog: [UInt8] = []
        var secondStart: Int64?
        var toldInSecond = 0
        var summary: Summary?
        var isSummaryDue = false
        var ending = Ending.open

        /// Bytes of a backlog that are believed: that of a conversation, and the lines that were appended when it was nearly full.
        private static let longestBacklog = IngestConversation.longestBacklog + 8192

        /// A conversation of which no more is known, as after a crash: nothing is to be said but perhaps an ack.
        package init(durableLine: UInt64, hasNewAck: Bool) {
            self.durableLine = durableLine
            self.hasNewAck = hasNewAck
        }

        package func write(to bytes: inout [UInt8]) {
            bytes.appendVarint(durableLine)
            bytes.appendFlag(hasNewAck)
            bytes.appendSized(backlog)
            bytes.appendOptional(secondStart)
            bytes.appendVarint(UInt64(toldInSecond))
            bytes.appendFlag(summary != nil)
            if let summary {
                bytes.appendVarint(summary.from)
                bytes.appendVarint(summary.to)
                bytes.appendVarint(summary.count)
            }
            bytes.appendFlag(isSummaryDue)
            switch ending {
            case .open: bytes.append(0)
            case .lastLine(let line):
                bytes.append(1)
                bytes.appendVarint(line)
            case .over: bytes.append(2)
            }
        }

        package init?(reading reader: inout RawReader) {
            guard let line = reader.lineNumber(), let hasNewAck = reader.flag(), let backlog = reader.sizedArray(),
                backlog.count <= Self.longestBacklog, let secondStart = reader.optional({ $0.time() }), let told = reader.count(),
                told <= IngestConversation.errorsPerSecond, let summary = reader.optional({ $0.summary() }),
                let isSummaryDue = reader.flag(), let ending = reader.ending()
            else { return nil }
            self.init(durableLine: line, hasNewAck: hasNewAck)
            self.backlog = backlog
            self.secondStart = secondStart
            toldInSecond = told
            self.summary = summary
            self.isSummaryDue = isSummaryDue
            self.ending = ending
        }
    }

    /// What a successor must know; at any time.
    package var resumption: Resumption {
        var resumption = Resumption(durableLine: durableLine, hasNewAck: hasNewAck)
        resumption.backlog = backlog
        resumption.secondStart = secondStart
        resumption.toldInSecond = toldInSecond
        resumption.summary = summary
        resumption.isSummaryDue = isSummaryDue
        resumption.ending = ending
        return resumption
    }

    /// Goes on where another process has left it, and says what that would have said.
    ///
    /// - Parameter now: as in ``becameDurable(upTo:errors:now:)``. A second that began after it is taken for one that begins now.
    package init(resuming resumption: Resumption, now: Int64) {
        self.init()
        durableLine = resumption.durableLine
        hasNewAck = resumption.hasNewAck
        backlog = resumption.backlog
        secondStart = resumption.secondStart.map { min($0, now) }
        toldInSecond = resumption.toldInSecond
        summary = resumption.summary
        isSummaryDue = resumption.isSummaryDue
        ending = resumption.ending
        // Without a second that ends nobody would ever tell of it.
        if summary != nil, secondStart == nil { isSummaryDue = true }
    }
}

extension RawReader {
    fileprivate mutating func summary() -> IngestConversation.Summary? {
        guard let from = lineNumber(), let to = lineNumber(), let count = lineNumber() else { return nil }
        return IngestConversation.Summary(from: from, to: to, count: count)
    }

    fileprivate mutating func ending() -> IngestConversation.Ending? {
        switch byte() {
        case 0: .open
        case 1: lineNumber().map { .lastLine($0) }
        case 2: .over
        case nil, .some: nil
        }
    }
}
