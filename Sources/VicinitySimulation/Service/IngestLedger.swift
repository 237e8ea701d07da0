import VicinityCore
import VicinityWire

// What one connection of a gateway has sent, what has become of it, and what the daemon has said of it. Everything that the daemon writes to the
// gateway is held against this before it is sent.

/// The account of one gateway's connection.
final class IngestLedger {
    let link: Link
    private let lines: ClientLines
    /// Which line of the gateway is which line of the connection.
    private(set) var sent: [Int] = []
    /// The last of them was sent in part only, and the rest will not follow.
    var lastIsPartial = false
    /// The first so many lines have been worked off.
    private(set) var handled = 0
    /// The first so many are durable.
    private(set) var durable = 0
    private var wasTaken: [Bool] = []
    /// What must be told: the bad ones among those worked off.
    private var errors: [(line: Int, code: LineErrorCode)] = []
    /// So many of the errors were told, or summed up.
    private var told = 0
    private(set) var acked = 0
    /// Errors that were summed up.
    private(set) var summed = 0
    /// An ack went ahead of errors that it covers: they must be summed up.
    private var owesSummary = false
    private let parser: JSONParser

    init(_ link: Link, _ lines: ClientLines, parser: JSONParser) {
        self.link = link
        self.lines = lines
        self.parser = parser
    }

    /// The gateway begins to send a line.
    func begins(_ index: Int) { sent.append(index) }

    /// What the connection's line is; `nil` if it was cut off.
    ///
    /// - Parameter number: from 1.
    func line(_ number: Int) throws(Violation) -> ClientLine? {
        try demand(number == handled + 1, "connection \(link.id): line \(number) is dealt with after line \(handled)")
        try demand(number <= sent.count, "connection \(link.id): line \(number) is dealt with, but only \(sent.count) were sent")
        return number == sent.count && lastIsPartial ? nil : lines.all[sent[number - 1]]
    }

    /// A line was worked off.
    func handled(wasTaken: Bool, error: LineErrorCode?) {
        handled += 1
        self.wasTaken.append(wasTaken)
        if let error { errors.append((handled, error)) }
    }

    /// The first lines are durable.
    func becameDurable(upTo number: Int) {
        while durable < number {
            if !(durable + 1 == sent.count && lastIsPartial) {
                lines.all[sent[durable]].isDurable = true
                lines.all[sent[durable]].wasTaken = wasTaken[durable]
            }
            durable += 1
        }
    }

    // MARK: - What the daemon says

    /// Holds what the daemon is about to send against what it may say.
    func check(_ output: [UInt8]) throws(Violation) {
        try demand(
            output.count <= IngestConversation.longestBacklog + 1_024,
            "connection \(link.id): \(output.count) bytes wait for a gateway that does not read")
        try demand(output.last == UInt8(ascii: "\n"), "connection \(link.id): half a line is sent")
        for line in output.split(separator: UInt8(ascii: "\n")) { try check(line: Array(line)) }
    }

    private func check(line: [UInt8]) throws(Violation) {
        try parser.read(line, sentTo: "a gateway") { root throws(Violation) in
            if let ack = root[key: "ack"]?.integer {
                try check(ack: Int(ack))
            } else if let error = root[key: "error"] {
                try check(error: Int(error[key: "line"]?.integer ?? -1), error[key: "code"]?.string ?? "")
            } else if let sum = root[key: "errors"] {
                func number(_ key: StaticString) -> Int { Int(sum[key: key]?.integer ?? -1) }
                try check(from: number("from"), to: number("to"), count: number("count"))
            } else {
                throw Violation("a gateway is sent what it cannot understand: \(String(decoding: line, as: UTF8.self))")
            }
        }
    }

    private func check(ack: Int) throws(Violation) {
        try demand(ack <= durable, "connection \(link.id): line \(ack) is acknowledged, but only \(durable) lines are durable")
        try demand(ack >= acked, "connection \(link.id): ack \(ack) comes after ack \(acked)")
        acked = ack
        owesSummary = told < errors.count && errors[told].line <= ack
    }

    private func check(error line: Int, _ code: String) throws(Violation) {
        try demand(told < errors.count && line <= durable, "connection \(link.id): an error of line \(line) that is not durable: \(code)")
        let expected = errors[told]
        try demand(
            expected.line == line && expected.code.rawValue == code,
            "connection \(link.id): error \(code) of line \(line), expected \(expected.code.rawValue) of line \(expected.line)")
        try demand(!owesSummary, "connection \(link.id): the error of line \(line) comes after the ack that covers it")
        told += 1
    }

    private func check(from: Int, to: Int, count: Int) throws(Violation) {
        try demand(
            count >= 1 && told + count <= errors.count && errors[told].line == from && errors[told + count - 1].line == to,
            "connection \(link.id): errors \(from) to \(to), \(count) in all, are not the bad lines that were still to be told")
        try demand(to <= durable, "connection \(link.id): errors up to line \(to), but only \(durable) lines are durable")
        told += count
        summed += count
        owesSummary = false
    }

    /// The daemon has said its last word.
    func checkEnd() throws(Violation) {
        try demand(acked == sent.count, "connection \(link.id): the last ack is \(acked) of \(sent.count) lines")
        try demand(told == errors.count, "connection \(link.id): \(told) of \(errors.count) errors were told when the connection ended")
    }
}
