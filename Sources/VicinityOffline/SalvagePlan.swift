// What becomes of a log that is saved: which of its events, under which id.

internal import VicinityCore
internal import VicinityStore

/// What the new log will be.
struct SalvagePlan {
    /// The events that are kept; `nil` for none.
    private(set) var run: LogSurvey.Run?
    /// The seq with which it ends.
    private(set) var last: Int64
    /// Events before it count as removed; `nil` if that follows from the events.
    private(set) var oldest: Int64?
    /// The one commit that it will have.
    let commit: Int64
    /// `nil` for a new one.
    private(set) var logID: String?
    private(set) var signOffKey: [UInt8]?
    /// The newest commit that the old database knows of.
    let lastCommit: Int64
    /// What the head file of the old log says.
    let announced: LogHead?

    /// The first seq that it knows.
    var first: Int64 { run?.first ?? last + 1 }

    /// - Parameter lastCommit: the newest one that the state that could be read knows of.
    init(_ inspection: Inspection, _ log: LogSurvey, lastCommit: Int64) {
        let identity = try? inspection.identity.get()
        let head = try? inspection.head.get()
        announced = inspection.headFile.flatMap { $0.logID == identity?.logID || identity == nil ? $0.head : nil }
        self.lastCommit = max(lastCommit, head?.commit ?? 0)
        // Not to be taken for an older copy where it is put in place of the old one.
        commit = max(self.lastCommit, announced?.commit ?? 0) + 1
        // Only if everything that speaks of the log's end agrees, no seq can get another meaning.
        if let head, announced?.commit ?? 0 <= head.commit, log.run?.last == head.seq || log.newestRun == nil {
            run = log.run
            last = head.seq
            // A backup ends before what the original has announced.
            if !inspection.isBackup { logID = identity?.logID }
        } else {
            run = log.newestRun
            last = log.newestRun?.last ?? [head?.seq, announced?.seq, log.last].compactMap { $0 }.max() ?? 0
        }
        if let kept = try? inspection.oldest.get(), kept > first, kept <= last + 1 { oldest = kept }
        if let key = identity?.signOffKey, key.count == 16 { signOffKey = key }
    }
}
