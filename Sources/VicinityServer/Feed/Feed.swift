internal import NIOCore
import Synchronization
import VicinityCore
import VicinityStore
import VicinityWire

// What subscribers read.
//
// After each commit the store's thread gives its blocks to the feed: the newest few MiB stay in memory, and every loop that has subscribers
// is told once that the head has moved. A subscriber's session then asks for the block after its cursor, and gets it from here, or is told to read
// it from the disk. A block's lines are made once, by whoever needs them first, and shared.

/// A block in memory, and its lines once somebody has asked for them.
final class SharedBlock: Sendable {
    let block: EventBlock
    private let lines = Mutex<ByteBuffer?>(nil)

    init(_ block: EventBlock) { self.block = block }

    /// Every event as a line.
    ///
    /// - Throws: ``EventBlock/Damaged``, which for a block of our own making means a fault of the program or of the disk.
    func allLines() throws -> ByteBuffer {
        try lines.withLock { lines in
            if let lines { return lines }
            let made = ByteBuffer(bytes: try EventLineEncoder.lines(of: block))
            lines = made
            return made
        }
    }
}

/// The head of the log, and its newest blocks.
final class Feed: Sendable {
    private struct State {
        var head: Int64
        var recent: [SharedBlock] = []
        var size = 0
        var groups: [SubscriberGroup] = []
    }

    /// Bytes of blocks that stay in memory; their lines, where somebody asked for them, are about three times as large.
    static let memory = 4 << 20

    private let state: Mutex<State>

    /// - Parameter head: the seq of the last durable event.
    init(head: Int64) { state = Mutex(State(head: head)) }

    /// The seq of the last durable event.
    var head: Int64 { state.withLock(\.head) }

    /// Makes a group hear of every move of the head.
    func add(_ group: SubscriberGroup) { state.withLock { $0.groups.append(group) } }

    /// Takes up the blocks of a commit that is durable.
    func publish(_ blocks: [EventBlock]) {
        guard let last = blocks.last else { return }
        let groups = state.withLock { state in
            for block in blocks {
                state.recent.append(SharedBlock(block))
                state.size += block.bytes.count
            }
            var dropped = 0
            while state.size > Self.memory, dropped < state.recent.count - 1 {
                state.size -= state.recent[dropped].block.bytes.count
                dropped += 1
            }
            state.recent.removeFirst(dropped)
            state.head = last.lastSeq
            return state.groups
        }
        for group in groups { group.headMoved() }
    }

    /// The block that holds an event, if it is in memory.
    ///
    /// - Complexity: O(log n) in the blocks.
    func recentBlock(containing seq: Int64) -> SharedBlock? {
        state.withLock { state in
            var low = 0
            var high = state.recent.count
            while low < high {
                let middle = (low + high) / 2
                if state.recent[middle].block.lastSeq < seq { low = middle + 1 } else { high = middle }
            }
            guard low < state.recent.count, state.recent[low].block.firstSeq <= seq else { return nil }
            return state.recent[low]
        }
    }
}
