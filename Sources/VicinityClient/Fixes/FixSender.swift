// The gateway's half of the conversation on `ingest.sock`, without the socket.
//
//                 acked        sent          offered
//     lines  ───────┼────────────┼───────────────┼──────▶
//                   │◀── the window: kept to be sent again ──▶│
//
// Lines go in at the right, acks take them away at the left. When the connection is cut, `sent` falls back to `acked`, and the next
// connection begins there: its line 1 is the first that was not acked. A refusal counts only once an ack covers its line, for
// what is sent again is refused again.

package struct FixSender {
    /// What the owner of the socket must do next.
    package enum Order: Equatable, Sendable {
        case connect
        /// Send from ``unsent``, and tell ``wrote(_:)``.
        case write
        /// Nothing more will come: close the sending side, and tell ``halfClosed()``.
        case halfClose
        /// Nothing, until the daemon or the input says something.
        case wait
        case finished
    }

    /// What the daemon said that it must not, by the contract.
    package struct ProtocolFault: Error, Equatable, Sendable {
        package let why: String
    }

    private enum Connection {
        case none
        case open
        case halfClosed
    }

    /// Bytes that may wait for an ack.
    package let window: Int
    /// Lines of the whole input that are dealt with.
    package private(set) var acked: UInt64 = 0
    /// Lines offered so far.
    package private(set) var offered: UInt64 = 0
    /// Lines that were sent a second time or more.
    package private(set) var sentAgain: UInt64 = 0
    package private(set) var refusals = RefusalTally()

    private var connection = Connection.none
    private var inputHasEnded = false
    /// Unacked lines with their newlines, from ``first`` on.
    private var bytes: [UInt8] = []
    private var first = 0
    /// How much of ``bytes`` this connection was given.
    private var sent = 0
    /// Lengths of the lines in ``bytes``, from ``firstLength`` on.
    private var lengths: [UInt32] = []
    private var firstLength = 0
    /// What was acked when this connection began: its line n is line `base` + n of the input.
    private var base: UInt64 = 0
    /// Lines that were sent whole on this connection (those before it included), and where the last of them ends.
    private var whole: UInt64 = 0
    private var wholeEnd = 0
    /// The most that was ever sent whole.
    private var farthest: UInt64 = 0
    private var pending: [(line: UInt64, code: String, message: String)] = []
    private var pendingSums: [(from: UInt64, to: UInt64, count: UInt64)] = []

    package init(window: Int) {
        self.window = window
    }

    package var hasRoom: Bool { bytes.count - first < window }

    /// What is to be sent next.
    package var unsent: ArraySlice<UInt8> { bytes[sent...] }

    package var order: Order {
        let isAllAcked = inputHasEnded && acked == offered
        switch connection {
        case .none: return isAllAcked ? .finished : .connect
        case .open: return sent < bytes.count ? .write : inputHasEnded ? .halfClose : .wait
        case .halfClosed: return .wait
        }
    }

    /// Takes the next line of the input, without its newline.
    package mutating func offer(_ line: [UInt8]) {
        precondition(!inputHasEnded, "a line after the end of the input")
        bytes.append(contentsOf: line)
        bytes.append(0x0A)
        lengths.append(UInt32(line.count + 1))
        offered += 1
    }

    /// The input has ended.
    package mutating func endInput() { inputHasEnded = true }

    package mutating func connected() {
        precondition(connection == .none, "a second connection")
        connection = .open
        base = acked
        sent = first
        whole = acked
        wholeEnd = first
        pending = []
        pendingSums = []
    }

    /// The kernel took `count` bytes of ``unsent``.
    package mutating func wrote(_ count: Int) {
        sent += count
        while whole < offered, wholeEnd + Int(lengths[lengthIndex(of: whole)]) <= sent {
            wholeEnd += Int(lengths[lengthIndex(of: whole)])
            whole += 1
            if whole <= farthest { sentAgain += 1 }
        }
        farthest = max(farthest, whole)
    }

    package mutating func halfClosed() { connection = .halfClosed }

    /// Takes one answer of the daemon.
    package mutating func received(_ answer: GatewayAnswer) throws(ProtocolFault) {
        switch answer {
        case .ack(let lines): try acknowledge(lines)
        case .error(let line, let code, let message):
            pending.append((base + line, code, message))
            confirm()
        case .errors(let from, let to, let count):
            pendingSums.append((base + from, base + to, count))
            confirm()
        case .refused, .unknown: break
        }
    }

    /// The connection is gone: closed by the daemon, or broken. What was not acked will be sent again.
    package mutating func cut() {
        // A sum that reaches beyond the ack can only be taken whole or not at all; what is certain of it is worth more.
        for sum in pendingSums where sum.from <= acked { refusals.sumUp(sum.count) }
        connection = .none
        pending = []
        pendingSums = []
        sent = first
    }

    /// The index in ``lengths`` of the line after the first `line` lines.
    private func lengthIndex(of line: UInt64) -> Int { firstLength + Int(line - acked) }

    private mutating func acknowledge(_ lines: UInt64) throws(ProtocolFault) {
        let upTo = base + lines
        guard upTo <= whole else {
            throw ProtocolFault(why: "line \(lines) was acknowledged, only \(whole - base) were sent")
        }
        guard upTo >= acked else { throw ProtocolFault(why: "an ack of \(lines) after one of \(acked - base)") }
        for index in firstLength..<lengthIndex(of: upTo) { first += Int(lengths[index]) }
        firstLength = lengthIndex(of: upTo)
        acked = upTo
        confirm()
        compact()
    }

    private mutating func confirm() {
        for error in pending where error.line <= acked { refusals.count(line: error.line, code: error.code, message: error.message) }
        pending.removeAll { $0.line <= acked }
        for sum in pendingSums where sum.to <= acked { refusals.sumUp(sum.count) }
        pendingSums.removeAll { $0.to <= acked }
    }

    /// Gives the room of acked lines back once they are half of all, so that each byte is moved once on average.
    private mutating func compact() {
        guard first > bytes.count / 2, first > 0 else { return }
        bytes.removeFirst(first)
        sent -= first
        wholeEnd -= first
        first = 0
        lengths.removeFirst(firstLength)
        firstLength = 0
    }
}
