// What a gateway is told, and when.
//
// The conversation owns no socket and no clock. It is told which lines became durable and which of them were bad, and holds what is to be
// said until the socket takes it. Whatever the gateway does, it holds little: an ack that was not taken is replaced by the next one,
// errors past the budget of a second or past a full buffer are counted instead of kept.
//
//     error lines (bounded) · summary, if one is due · ack, if there is a new one
//
// is what it says, in this order: errors come before the ack that covers them. Errors that are being summed up are told when the second is
// over; acks do not wait for that, but for the last one.

package import VicinityCore

/// The daemon's side of one connection to `ingest.sock`.
package struct IngestConversation: Sendable {
    /// Errors told one by one in a second; the rest of the second is summed up.
    package static let errorsPerSecond = 100
    /// Bytes of error lines that wait for a gateway that does not read; past them errors are summed up.
    package static let longestBacklog = 65_536
    static let second: Int64 = 1000

    // What is not private here is what a successor in another process must know (`IngestConversation+Resumption.swift`).

    /// So many lines of the connection are dealt with, and what they caused is durable.
    package internal(set) var durableLine: UInt64 = 0

    /// Error lines and summaries that were not taken yet.
    var backlog: [UInt8] = []
    var hasNewAck = false
    /// When the second that is counted began; `nil` before the first error and after a quiet second.
    var secondStart: Int64?
    var toldInSecond = 0
    /// What is being summed up.
    var summary: Summary?
    /// Whether the second of the summary is over.
    var isSummaryDue = false
    var ending = Ending.open

    struct Summary: Equatable {
        let from: UInt64
        var to: UInt64
        var count: UInt64
    }

    enum Ending: Equatable {
        case open
        /// Nothing comes after this line; its ack is the last.
        case lastLine(UInt64)
        case over
    }

    package init() {}

    // MARK: - What happened

    /// The first `line` lines are dealt with.
    ///
    /// - Parameters:
    ///   - line: not below that of an earlier call.
    ///   - errors: the bad ones among the lines since the last call, in their order, numbered from 1.
    ///   - now: milliseconds of a clock that never goes back.
    package mutating func becameDurable(upTo line: UInt64, errors: [(line: UInt64, error: LineError)], now: Int64) {
        tick(now: now)
        for error in errors { tell(error.error, line: error.line, now: now) }
        if line > durableLine {
            durableLine = line
            hasNewAck = true
        }
    }

    /// Nothing more is read from the gateway.
    ///
    /// - Parameter lastLine: the number of the last line that will be dealt with; 0 if there is none.
    package mutating func inputEnded(lastLine: UInt64) {
        switch ending {
        case .open, .lastLine: ending = .lastLine(lastLine)
        case .over: break
        }
    }

    /// Time passes.
    ///
    /// - Parameter now: as in ``becameDurable(upTo:errors:now:)``.
    package mutating func tick(now: Int64) {
        guard let start = secondStart, now - start >= Self.second else { return }
        secondStart = nil
        toldInSecond = 0
        isSummaryDue = summary != nil
        if backlog.count < Self.longestBacklog { flushDueSummary() }
    }

    /// When ``tick(now:)`` has something to do, if nothing happens before.
    package var nextDeadline: Int64? {
        guard summary != nil, !isSummaryDue, let start = secondStart else { return nil }
        return start + Self.second
    }

    // MARK: - What to say

    /// Moves what there is to say to `output`; call it when the socket takes bytes.
    ///
    /// - Returns: whether that was the last of it, and the connection is to be closed once it is sent.
    package mutating func takeOutput(into output: inout [UInt8]) -> Bool {
        if case .over = ending { return true }
        var isLast = false
        if case .lastLine(let line) = ending, durableLine >= line { isLast = true }
        if isLast { isSummaryDue = summary != nil }
        flushDueSummary()
        output.append(contentsOf: backlog)
        backlog.removeAll(keepingCapacity: backlog.capacity <= 4096)
        if hasNewAck || isLast {
            output.append(contentsOf: "{\"ack\":".utf8)
            output.appendNumber(Int64(clamping: durableLine))
            output.append(contentsOf: "}\n".utf8)
            hasNewAck = false
        }
        if isLast { ending = .over }
        return isLast
    }

    /// Whether ``takeOutput(into:)`` would give anything.
    package var hasOutput: Bool {
        if case .lastLine(let line) = ending, durableLine >= line { return true }
        return hasNewAck || !backlog.isEmpty || isSummaryDue
    }

    private mutating func tell(_ error: LineError, line: UInt64, now: Int64) {
        if secondStart == nil { secondStart = now }
        guard summary == nil, toldInSecond < Self.errorsPerSecond, backlog.count < Self.longestBacklog else {
            summary = Summary(from: summary?.from ?? line, to: line, count: (summary?.count ?? 0) + 1)
            return
        }
        toldInSecond += 1
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("error")
            writer.object { writer in
                writer.member("line", line)
                writer.member("code", error.code.rawValue)
                writer.member("message", error.message)
            }
        }
        backlog.append(contentsOf: writer.bytes)
        backlog.append(Byte.newline)
    }

    private mutating func flushDueSummary() {
        guard isSummaryDue, let summary else { return }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("errors")
            writer.object { writer in
                writer.member("from", summary.from)
                writer.member("to", summary.to)
                writer.member("count", summary.count)
            }
        }
        backlog.append(contentsOf: writer.bytes)
        backlog.append(Byte.newline)
        self.summary = nil
        isSummaryDue = false
    }
}
