import Synchronization
import VicinityCore
import VicinityPipeline
import VicinityStore

// The disk: a store in memory that outlives the daemon, and fails when the simulation wants it.
//
// In the daemon an append and its announcement follow each other on one thread, and everybody else goes on in between. A simulation takes one
// step at a time; so the append is carried out in a step of its own (``carryOut(_:_:)``), and what became of it is what the committer's call is
// answered later. What is on the disk can be read at once, announced or not.

/// The disk of the simulated machine.
final class SimulatedDisk: LogStore, LogReader {
    private struct State {
        var memory: MemoryStore
        /// What became of the commit that was carried out, until the daemon asks.
        var carriedOut: (number: Int64, outcome: Result<Void, StoreFault>)?
        /// Fails everything that writes, until it is over.
        var trouble: StoreFault?
        /// Blocks that sabotage has lost, by their first seq.
        var lost: Set<Int64> = []
        /// Cursors that sabotage has let through.
        var leaked: [Cursor] = []
    }

    private let state: Mutex<State>
    private let sabotage: Sabotage?
    /// Of the audit log.
    static let auditKey = AuditKey(bytes: [UInt8](repeating: 9, count: AuditKey.size))

    init(_ identity: LogIdentity, sabotage: Sabotage?) {
        state = Mutex(State(memory: MemoryStore(MemoryStore.Contents(identity: identity), auditKey: Self.auditKey)))
        self.sabotage = sabotage
    }

    private var memory: MemoryStore { state.withLock(\.memory) }

    var identity: LogIdentity { memory.identity }
    var head: LogHead { memory.head }
    /// What a crash would leave now.
    var contents: MemoryStore.Contents { memory.contents }

    /// What is wrong with the disk now.
    var trouble: StoreFault? {
        get { state.withLock(\.trouble) }
        set { state.withLock { $0.trouble = newValue } }
    }

    /// The process has ended; the next one finds what is durable.
    func restart() {
        state.withLock { state in
            state.memory = MemoryStore(state.memory.contents, auditKey: Self.auditKey)
            state.carriedOut = nil
        }
    }

    // MARK: - Writing

    /// Makes a commit durable, or fails to.
    ///
    /// - Parameters:
    ///   - fault: a fault that ends the daemon; whether the commit is then durable nobody knows.
    ///   - isKept: whether it is.
    /// - Returns: whether the commit is durable now.
    func carryOut(_ commit: Commit, fault: StoreFault? = nil, isKept: Bool = false) -> Bool {
        let memory = memory
        if fault == nil, let trouble {
            memory.fail(next: [trouble])
            if sabotage == .keepFailedAppend { leak(commit) }
        }
        let isWritten = fault == nil || isKept
        var outcome = Result<Void, StoreFault>.success(())
        if isWritten {
            do throws(StoreFault) {
                try memory.append(tampered(commit))
            } catch {
                outcome = .failure(error)
            }
        }
        if let fault { outcome = .failure(fault) }
        state.withLock { $0.carriedOut = (commit.number, outcome) }
        return memory.head.commit == commit.number
    }

    func append(_ commit: Commit) throws(StoreFault) {
        let carriedOut = state.withLock { state in
            defer { state.carriedOut = nil }
            return state.carriedOut
        }
        guard let carriedOut, carriedOut.number == commit.number else {
            // Nobody but the simulated store thread and the probe of a recovery appends.
            preconditionFailure("commit \(commit.number) was not carried out before it was asked for")
        }
        try carriedOut.outcome.get()
    }

    func retain(_ retention: Retention) throws(StoreFault) -> RetentionStep {
        if let trouble { throw trouble }
        return try memory.retain(retention)
    }

    var erasures: [Erasure] { memory.erasures }

    func erase() throws(StoreFault) -> ErasureStep {
        if let trouble { throw trouble }
        return try memory.erase()
    }

    func recover(_ sink: (Recovered) throws -> Void) throws(StoreFault) -> LogHead {
        let leaked = state.withLock { state in
            defer { state.leaked = [] }
            return state.leaked
        }
        return try memory.recover { piece in
            if case .cursor(let cursor) = piece, let later = leaked.last(where: { $0.name == cursor.name }) {
                try sink(.cursor(later))
            } else {
                try sink(piece)
            }
        }
    }

    // MARK: - Reading

    func blocks(after seq: Int64, maxBytes: Int) throws(StoreFault) -> [EventBlock] {
        let lost = state.withLock(\.lost)
        return try memory.blocks(after: seq, maxBytes: maxBytes).filter { !lost.contains($0.firstSeq) }
    }

    func block(containing seq: Int64) throws(StoreFault) -> EventBlock? { try memory.block(containing: seq) }

    func blocks(committedSince time: Int64, maxBytes: Int) throws(StoreFault) -> [CommittedBlock] {
        try memory.blocks(committedSince: time, maxBytes: maxBytes)
    }

    func oldest() throws(StoreFault) -> Int64 { try memory.oldest() }

    func size() throws(StoreFault) -> LogSize { try memory.size() }

    // MARK: - Sabotage

    private func tampered(_ commit: Commit) -> Commit {
        var commit = commit
        switch sabotage {
        case .dropBlock where commit.number.isMultiple(of: 7):
            if let last = commit.blocks.last { state.withLock { _ = $0.lost.insert(last.firstSeq) } }
        case .skipJournal where commit.number.isMultiple(of: 7):
            // No operations, no users, no subjects; see the format of a journal.
            if !commit.journal.isEmpty {
                commit.journal = [2] + Self.varint(head: commit, after: head.seq) + [0, 0, 0]
            }
            commit.pages = []
        case .forgetCursor where commit.number.isMultiple(of: 7): commit.cursors = []
        default: break
        }
        return commit
    }

    private static func varint(head commit: Commit, after seq: Int64) -> [UInt8] {
        var rest = UInt64(commit.blocks.last?.lastSeq ?? seq)
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private func leak(_ commit: Commit) {
        for case .set(let cursor) in commit.cursors { state.withLock { $0.leaked.append(cursor) } }
    }
}
