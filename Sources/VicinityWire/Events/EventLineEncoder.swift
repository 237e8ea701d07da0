package import VicinityCore

// What a subscriber reads: events as lines of JSON.
//
// The keys come in the contract's order. Nothing is interpolated, and nothing is allocated but the buffer that the caller brings.

/// Makes the lines of `events.sock`.
package enum EventLineEncoder {
    /// Every event of a block as a line, whoever may see it.
    package static func lines(of block: EventBlock) throws -> [UInt8] {
        if let lines = EventTranscript.lines(of: block) { return lines }
        var lines: [UInt8] = []
        lines.reserveCapacity(block.count * 160)
        try block.forEachView { append($0, to: &lines) }
        return lines
    }

    /// The events of a block after a seq that a filter lets through, as lines.
    package static func lines(of block: EventBlock, after seq: Int64, for filter: SubscriptionFilter) throws -> [UInt8] {
        try lines(of: block, after: seq) { filter.admits($0) }
    }

    /// The events of a block after a seq that `admits` lets through, which is asked of each in their order.
    package static func lines(of block: EventBlock, after seq: Int64, where admits: (EventView) -> Bool) throws -> [UInt8] {
        var lines: [UInt8] = []
        try block.forEachView { event in
            if event.seq > seq, admits(event) { append(event, to: &lines) }
        }
        return lines
    }

    /// Pairs that are inside as lines, but for those that a filter keeps back. Its types say nothing of them: who asks for a snapshot gets one.
    ///
    /// - Parameter count: becomes the number of lines.
    package static func insideLines(of pairs: InsidePairs, for filter: SubscriptionFilter, count: inout Int) -> [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(pairs.count * 160)
        count = 0
        pairs.forEachView { pair in
            guard filter.admitsPair(pair) else { return }
            append(pair, isSnapshot: true, to: &lines)
            count += 1
        }
        return lines
    }

    /// Says that a snapshot is complete.
    ///
    /// - Parameters:
    ///   - pairs: how many lines it had.
    ///   - seq: of the cut.
    package static func snapshotEnd(pairs: Int, at seq: Int64) -> [UInt8] {
        var line: [UInt8] = []
        line.append("{\"snapshot\":{\"pairs\":")
        line.appendNumber(Int64(pairs))
        line.append(",\"at\":")
        line.appendNumber(seq)
        line.append("}}\n")
        return line
    }

    /// Bytes of a line's fixed text and numbers, more than there can be.
    private static let longestFrame = 320

    /// The string that a report's line has besides its ids, in bytes.
    private static func extra(_ change: Event.Change) -> Int {
        switch change {
        case .report(_, let kind): kind.utf8.count
        case .enter, .leave, .following: 0
        }
    }

    /// Appends one event as a line.
    ///
    /// - Parameter isSnapshot: whether the enter stands for a pair that is inside.
    /// - Complexity: O(bytes); 60 ns for a line of 134 bytes. No allocation once the array has room.
    package static func append(_ event: EventView, isSnapshot: Bool = false, to line: inout [UInt8]) {
        let room = longestFrame + TextPointer.longestString(event.user.count + event.subject.count + event.kind.count + extra(event.change))
        line.makeRoom(for: room)
        line.append(addingCapacity: room) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                guard let start = buffer.baseAddress else { return }
                var text = TextPointer(start)
                write(event, isSnapshot: isSnapshot, to: &text)
                count = text.at - start
            }
        }
    }

    @inline(__always)
    private static func write(_ event: EventView, isSnapshot: Bool, to text: inout TextPointer) {
        text.put("{\"seq\":")
        text.put(event.seq)
        switch event.change {
        case .enter where isSnapshot: text.put(",\"type\":\"inside\",\"user\":")
        case .enter: text.put(",\"type\":\"enter\",\"user\":")
        case .leave: text.put(",\"type\":\"leave\",\"user\":")
        case .report(let number, let kind):
            text.put(",\"type\":\"report\",\"report\":")
            text.put(number)
            text.put(",\"report_kind\":")
            put(quoted: kind, to: &text)
            text.put(",\"user\":")
        case .following: text.put(",\"type\":\"following\",\"user\":")
        }
        if event.user.isEmpty {
            text.put("null")
        } else {
            text.put(quoted: event.user)
        }
        text.put(",\"subject\":")
        text.put(quoted: event.subject)
        if !event.kind.isEmpty {
            text.put(",\"kind\":")
            text.put(quoted: event.kind)
        }
        text.put(",\"ts\":")
        text.put(event.time)
        switch event.change {
        case .enter(let cause, let disclosed):
            text.put(",\"cause\":\"")
            text.put(cause.word)
            switch disclosed {
            case .nothing: text.put("\"}\n")
            case .within(let metres):
                text.put("\",\"within\":")
                text.put(metres)
                text.put("}\n")
            case .distance(let metres):
                text.put("\",\"distance\":")
                text.put((metres * 100).rounded() / 100)
                text.put("}\n")
            }
        case .leave(let cause, let encounter, let lasted):
            text.put(",\"cause\":\"")
            text.put(cause.word)
            text.put("\",\"encounter\":")
            text.put(encounter)
            text.put(",\"lasted\":")
            text.put(lasted)
            text.put("}\n")
        case .report, .following: text.put("}\n")
        }
    }

    /// A string of few lines only, so that it may cost a copy.
    private static func put(quoted string: String, to text: inout TextPointer) {
        var string = string
        string.withUTF8 { text.put(quoted: UnsafeRawBufferPointer($0)) }
    }

    /// Says that a subscriber will never see these events: retention has removed them.
    package static func gap(from: Int64, to: Int64) -> [UInt8] {
        var line: [UInt8] = []
        line.append("{\"gap\":{\"from\":")
        line.appendNumber(from)
        line.append(",\"to\":")
        line.appendNumber(to)
        line.append("}}\n")
        return line
    }

    /// Says that the stream lives though nothing happens.
    ///
    /// - Parameter time: Unix milliseconds.
    package static func heartbeat(head: Int64, time: Int64) -> [UInt8] {
        var line: [UInt8] = []
        line.append("{\"heartbeat\":{\"head\":")
        line.appendNumber(head)
        line.append(",\"ts\":")
        line.appendNumber(time)
        line.append("}}\n")
        return line
    }
}

extension [UInt8] {
    /// Appends the bytes of a literal.
    fileprivate mutating func append(_ literal: StaticString) { literal.withUTF8Buffer { append(contentsOf: $0) } }

    /// Grows by doubling, so that many short appends copy each byte a bounded number of times.
    fileprivate mutating func makeRoom(for bytes: Int) {
        if capacity - count < bytes { reserveCapacity(Swift.max(2 * capacity, count + bytes)) }
    }
}
