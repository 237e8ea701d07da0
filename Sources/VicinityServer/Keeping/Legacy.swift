internal import CLinux
internal import Glibc
internal import NIOCore
import VicinityPipeline
import VicinitySystem
import VicinityWire

/// Why a connection that was kept is not gone on with, in a word or two for the journal.
enum LegacyProblem: Error, Equatable {
    /// The manager does not have both, the socket and the notebook.
    case incomplete
    case notebook(NotebookProblem)
    case state(ResumptionError)
    /// The last process was killed while output was on its way: how much of it was sent is not known.
    case inDoubt
    /// The last process was killed between reading bytes and noting them.
    case inputLost
    /// What was unsettled was there in the crash before, too: it may be what crashes us.
    case repeated
    /// Lines without a time would be taken for new ones if they are durable already.
    case withoutTimes
    /// It has no role any more.
    case forbidden
    /// The socket cannot be served.
    case socket

    var word: String {
        switch self {
        case .incomplete: "incomplete"
        case .notebook, .state(.damaged), .state(.version): "unreadable"
        case .state(.otherLog), .state(.beyondHead): "another log"
        case .inDoubt: "output in doubt"
        case .inputLost: "input lost"
        case .repeated: "crashed twice"
        case .withoutTimes: "lines without ts"
        case .forbidden: "forbidden"
        case .socket: "no socket"
        }
    }
}

/// What another process has left of a connection.
struct Legacy {
    let notebook: Notebook
    let state: [UInt8]
    /// Bytes of the connection before those of ``unsettled``.
    let start: UInt64
    let unsettled: [UInt8]
    /// The number beside the state.
    let place: Int64
    /// What the client is to be sent before anything else.
    let unsent: [UInt8]
    /// Nothing comes after that.
    let isEnding: Bool
    let wasStoppedInOrder: Bool

    /// Looks at what was left, and changes nothing.
    ///
    /// - Parameters:
    ///   - notebook: a descriptor, which is taken over.
    ///   - counted: how many bytes the kernel says were read since it began to count; `nil` if it does not.
    init(notebook descriptor: CInt, counted: Int64?) throws(LegacyProblem) {
        do throws(NotebookProblem) {
            notebook = try Notebook(adopting: OwnedDescriptor(descriptor))
        } catch {
            throw .notebook(error)
        }
        guard let found = notebook.state else { throw .notebook(.damaged) }
        let tail = notebook.tail
        wasStoppedInOrder = tail != nil
        guard wasStoppedInOrder || !notebook.isInDoubt else { throw .inDoubt }
        isEnding = tail?.first == 1
        unsent = Array((tail ?? []).dropFirst())
        state = found
        start = notebook.start
        place = notebook.place
        unsettled = notebook.unsettled
        // Nobody reads what comes after the end.
        if isEnding { return }
        guard let from = notebook.countedFrom, let counted, from + UInt64(counted) == notebook.end else { throw .inputLost }
    }

    /// Where the last line that is complete in ``unsettled`` ends, in bytes of the connection; ``start`` if there is none.
    var endOfLines: UInt64 { start + UInt64(unsettled.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0) }

    /// Counts how often lines are taken up that were read and not settled.
    ///
    /// - Throws: ``LegacyProblem/repeated`` if they were there already in the last crash, and nothing was settled since.
    func countAttempt() throws(LegacyProblem) {
        guard !wasStoppedInOrder, endOfLines > start else {
            notebook.attempts = 0
            return
        }
        guard notebook.attempts == 0 else { throw .repeated }
        notebook.attempts = 1
    }
}

/// How those fared whom another process has left.
struct LegacyTally: Sendable {
    private(set) var adopted = 0
    private(set) var problems: [String: Int] = [:]

    var dropped: Int { problems.values.reduce(0, +) }

    /// "2 output in doubt, 1 forbidden"; empty if all were gone on with.
    var reasons: String { problems.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") }

    mutating func goesOn() { adopted += 1 }

    /// - Parameter wentOn: it had been taken for one that goes on.
    mutating func isDropped(_ problem: LegacyProblem, wentOn: Bool = false) {
        problems[problem.word, default: 0] += 1
        if wentOn { adopted -= 1 }
    }
}
