import VicinityCore
import VicinityStore

/// Decides which pages of the engine's state go with a commit, so that journals need not be kept for ever.
///
/// For every three bytes of journal one byte of pages is written, in turn. When all pages have been written since some commit, the
/// journals before that commit are needed no longer. So the journals that recovery reads are bounded by six times the state, and
/// no commit is much larger than what it was made for.
struct StateSweep {
    private var next = 0
    /// The commit in which the present round began.
    private var began: Int64
    private var budget = 0
    /// Bytes of journal for each byte of pages.
    private static let pace = 3
    /// Whether the round goes as fast as it can, since somebody waits for its end.
    private(set) var isHurried = false
    /// Whether the next round must hurry too.
    private var isNextHurried = false
    /// Bytes of pages that a commit of a hurried round gets: some milliseconds' worth.
    private static let hurriedBytes = 512 << 10

    /// - Parameter commit: the number of the next commit.
    init(startingAt commit: Int64) { began = commit }

    /// Has all state written as of a commit or later ones, and soon. A commit must follow whenever this says so (``isHurried``), whether there
    /// is anything else to make durable or not.
    ///
    /// - Parameter commit: the number of the next commit.
    mutating func hurry(from commit: Int64) {
        // A round that hurries already is not begun anew, or it might never end.
        guard !isHurried else {
            isNextHurried = true
            return
        }
        isHurried = true
        next = 0
        began = commit
    }

    /// Adds the pages that are due to a commit whose journal has been taken.
    mutating func advance(_ engine: borrowing Engine, _ commit: inout Commit) {
        budget = isHurried ? max(budget, Self.hurriedBytes) : budget + commit.journal.count / Self.pace
        while budget > 0, next < engine.pageCount {
            var bytes: [UInt8] = []
            engine.encodePage(next, commit: commit.number, into: &bytes)
            budget -= bytes.count
            commit.pages.append(StatePage(index: engine.pageName(next), bytes: bytes))
            next += 1
        }
        if next >= engine.pageCount, next > 0 || isHurried {
            commit.journalNeededFrom = began
            began = commit.number
            next = 0
            budget = min(budget, 0)
            isHurried = isNextHurried
            isNextHurried = false
        }
    }
}
