// What is kept of the events, as far as retention must know it: where the oldest block lies, and up to where its events count as removed.
//
// Removal is by whole blocks, since a block is one value; the *floor* is what makes it exact to the event. It lies at or before the end
// of the oldest block, never beyond the head, and never goes back.

import GRDB
import VicinityCore

extension Retention {
    /// Whether every event of a block may go.
    func removes(lastSeq: Int64, wallTime: Int64) -> Bool {
        if let committedBefore, wallTime < committedBefore { return true }
        if let beforeSeq, lastSeq < beforeSeq { return true }
        return false
    }

    /// Where the floor has to be once no block is left to remove.
    func floor(head: Int64) -> Int64 { min(beforeSeq ?? 0, head + 1) }
}

/// The oldest end of the log.
struct Kept: Equatable {
    /// A block, without its events.
    struct Block: Equatable {
        var firstSeq: Int64
        var lastSeq: Int64
        var wallTime: Int64
    }

    /// `nil` if there is none.
    var block: Block?
    /// Events before it are as good as removed.
    var floor: Int64

    /// The seq of the oldest event that is kept; one past the head if there is none.
    func oldest(head: Int64) -> Int64 { max(block?.firstSeq ?? head + 1, floor) }

    /// Takes in what a commit brought.
    mutating func append(_ commit: Commit) {
        guard block == nil, let first = commit.blocks.first else { return }
        block = Block(firstSeq: first.firstSeq, lastSeq: first.lastSeq, wallTime: commit.wallTime)
    }

    /// Whether there is anything to remove.
    func isTouched(by retention: Retention, head: Int64) -> Bool {
        if let block, retention.removes(lastSeq: block.lastSeq, wallTime: block.wallTime) { return true }
        return retention.floor(head: head) > oldest(head: head)
    }
}

/// One bounded step of removal.
struct Removal {
    /// What one step removes at most: it lies between two commits, and shall be no longer than one. The bound is passed by one block.
    static let blocksPerStep = 64
    static let bytesPerStep = 1 << 20

    let retention: Retention
    let head: Int64
    private(set) var kept: Kept
    private var blocks = 0
    private var bytes = 0

    init(_ retention: Retention, from kept: Kept, head: Int64) {
        self.retention = retention
        self.head = head
        self.kept = kept
    }

    /// Whether the step ended at its bound, so that there may be more to remove.
    private(set) var isCut = false

    /// Decides on the next block, oldest first.
    ///
    /// - Returns: whether it goes; the first that stays is the last to be asked for.
    mutating func takes(_ block: Kept.Block, bytes size: Int) -> Bool {
        kept.block = block
        guard retention.removes(lastSeq: block.lastSeq, wallTime: block.wallTime) else { return false }
        guard blocks < Self.blocksPerStep, bytes < Self.bytesPerStep else {
            isCut = true
            return false
        }
        kept.block = nil
        blocks += 1
        bytes += size
        return true
    }

    /// Moves the floor, once the blocks have been decided on.
    mutating func finish() {
        let floor = retention.floor(head: head)
        if !isCut, floor > kept.oldest(head: head) { kept.floor = floor }
    }
}
