// What an examination says: findings, which are wrong, and figures, which are not.

/// Something in a state directory that is not as it was written, or that contradicts the rest.
package struct Finding: Sendable, Equatable {
    /// Where it is.
    package enum Part: String, Sendable, CaseIterable {
        /// The database as a file.
        case file
        case identity
        /// The events.
        case log
        case register
        case signOffs = "sign_offs"
        case cursors
        case suspensions
        case reports
        case audit
        /// Users, and subjects that move: pages and journals.
        case state
        /// The log has fewer commits than were announced.
        case head
    }

    package var part: Part
    /// What and where: "events 2049 to 4096: …".
    package var what: String
    /// What comes of it for those who use the log.
    package var meaning: String

    package init(_ part: Part, _ what: String, meaning: String) {
        self.part = part
        self.what = what
        self.meaning = meaning
    }
}

/// Findings in the order in which they were made, of which only the first are kept: a file that is damaged all over shall not fill the
/// memory.
package struct Findings: Sendable, Equatable {
    /// Of each part.
    package static let kept = 20

    package private(set) var list: [Finding] = []
    /// Those that were not kept, by part.
    package private(set) var more: [Finding.Part: Int] = [:]

    package init() {}

    package var isEmpty: Bool { list.isEmpty }
    package var count: Int { list.count + more.values.reduce(0, +) }

    package mutating func add(_ part: Finding.Part, _ what: String, meaning: String) {
        if list.lazy.filter({ $0.part == part }).count < Self.kept {
            list.append(Finding(part, what, meaning: meaning))
        } else {
            more[part, default: 0] += 1
        }
    }

    package mutating func add(_ other: Findings) {
        for finding in other.list { add(finding.part, finding.what, meaning: finding.meaning) }
        for (part, count) in other.more { more[part, default: 0] += count }
    }

    /// Whether there is one in this part.
    package func holds(_ part: Finding.Part) -> Bool { list.contains { $0.part == part } }
}

/// What there is, as far as it could be read; `nil` is unknown.
package struct Figures: Sendable, Equatable {
    /// Bytes of the database and its WAL.
    package var bytes: Int64 = 0
    package var schema = 0
    package var logID: String?
    /// Whether the last run closed the log.
    package var wasClean = false
    package var isBackup = false
    package var commit: Int64?
    /// The seq of the last event.
    package var head: Int64?
    /// The seq of the oldest event that is kept.
    package var oldest: Int64?
    /// Events that can be read, and the blocks they lie in.
    package var events: Int64 = 0
    package var blocks: Int64 = 0
    package var users: Int?
    package var subjects = 0
    /// Pairs that are inside.
    package var pairs: Int?
    package var signOffs = 0
    package var cursors = 0

    package init() {}
}

/// What an examination has come to.
package struct Report: Sendable, Equatable {
    package enum Verdict: String, Sendable {
        case sound
        case damaged
    }

    package var directory: String
    package var lock = HeldLock.free
    package var figures = Figures()
    package var findings = Findings()
    /// What an operator should know and is no damage.
    package var notes: [String] = []

    package init(directory: String) { self.directory = directory }

    package var verdict: Verdict { findings.isEmpty ? .sound : .damaged }
}

/// How a command that looks at a state directory ends, for scripts.
package enum ExaminationStatus: Int32, Sendable {
    /// All is as it was written; a salvage saved everything.
    case sound = 0
    /// Something is damaged; a salvage saved what it could.
    case damaged = 1
    /// There is nothing to look at; a salvage saved nothing.
    case unexaminable = 2
}

/// Why a state directory cannot be examined at all: a sentence for the operator.
package struct Unexaminable: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Thrown by whoever is told of the ``Progress``: nobody wants the work to be done any more.
package struct Interruption: Error {
    package init() {}
}

/// How far the work has come; told now and then.
package enum Progress: Sendable, Equatable {
    /// SQLite reads every page of the file; told again and again, for nobody knows how long it takes.
    case checkingFile
    /// `done` of `total` events have been read.
    case readingEvents(done: Int64, total: Int64)
    /// `done` pieces of the state have been read.
    case readingState(done: Int64)
    /// `done` of `total` events have been copied.
    case copyingEvents(done: Int64, total: Int64)
    /// `done` of `total` events have been written as lines.
    case dumpingEvents(done: Int64, total: Int64)
    /// `done` pieces of the state have been written.
    case writingState(done: Int64)
    case checkingResult
}
