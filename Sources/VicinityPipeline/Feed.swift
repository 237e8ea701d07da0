package import NIOCore
import Synchronization
package import VicinityCore
import VicinityWire

// What subscribers read.
//
// After each commit its blocks come to the feed: the newest few MiB stay in memory, and everybody who listens is told that the head has
// moved. A subscriber's conversation then asks for the block after its cursor, and gets it from here, or is told to read it from the disk. A
// block's lines are made once, by whoever needs them first, and shared.

/// A block in memory, and its lines once somebody has asked for them.
package final class SharedBlock: Sendable {
    package let block: EventBlock
    /// When the first fix of its commit was read, in monotonic nanoseconds; `nil` if that is not known.
    let arrived: Int64?
    private let lines = Mutex<ByteBuffer?>(nil)

    init(_ block: EventBlock, arrived: Int64? = nil) {
        self.block = block
        self.arrived = arrived
    }

    /// The events as lines, as they go to everybody who names nothing.
    ///
    /// - Throws: ``EventBlock/Damaged``, which for a block of our own making means a fault of the program or of the disk.
    package func allLines() throws -> ByteBuffer {
        try lines.withLock { lines in
            if let lines { return lines }
            let made =
                try transcribed()
                ?? ByteBuffer(bytes: EventLineEncoder.lines(of: block, after: block.firstSeq - 1, for: .everything))
            lines = made
            return made
        }
    }

    /// The lines by the fast way, in place; `nil` if the block is not for that.
    private func transcribed() -> ByteBuffer? {
        guard var transcript = EventTranscript(block) else { return nil }
        var lines = ByteBufferAllocator().buffer(capacity: transcript.likelySize)
        while true {
            var outcome = EventTranscript.Outcome.part
            lines.writeWithUnsafeMutableBytes(minimumWritableBytes: EventTranscript.leastRoom) { room in
                let written = transcript.write(to: room)
                outcome = written.outcome
                return written.count
            }
            switch outcome {
            case .all: return lines
            case .part: lines.reserveCapacity(2 * lines.capacity)
            case .refused: return nil
            }
        }
    }
}

/// The head of the log, and its newest blocks.
package final class Feed: Sendable {
    private struct State {
        var head: Int64
        var oldest: Int64
        var recent: [SharedBlock] = []
        var size = 0
        var listeners: [@Sendable () -> Void] = []
        /// The newest, at most ``Feed/greatestFarewells``.
        var farewells: [Farewell] = []
        /// How many there ever were.
        var farewellCount = 0
        /// How often blocks were rewritten that are durable.
        var rewrites = 0
    }

    /// The blocks that stay in memory, by their weight; their lines, where somebody asked for them, are three to five times as large.
    package static let memory = 4 << 20

    /// Farewells that are kept for conversations that have not looked yet; they look whenever the head moves.
    private static let greatestFarewells = 1024

    private let state: Mutex<State>
    private let memory: Int

    /// - Parameters:
    ///   - head: the seq of the last durable event.
    ///   - oldest: the seq of the oldest event that is kept.
    ///   - memory: the weight of the blocks that stay; less only to see what happens to those who fall behind.
    package init(head: Int64, oldest: Int64, memory: Int = Feed.memory) {
        state = Mutex(State(head: head, oldest: oldest))
        self.memory = memory
    }

    /// The seq of the last durable event.
    package var head: Int64 { state.withLock(\.head) }

    /// The seqs of the oldest event that is kept and of the last durable one; `oldest` is one past the head if none is kept.
    package var range: (oldest: Int64, head: Int64) { state.withLock { ($0.oldest, $0.head) } }

    /// Makes `moved` be called after every move of the head, on the thread that made it.
    package func listen(_ moved: @escaping @Sendable () -> Void) { state.withLock { $0.listeners.append(moved) } }

    /// The weight of the blocks that are in memory.
    package var weight: Int { state.withLock(\.size) }

    /// Notes what retention has left.
    package func retained(from oldest: Int64) { state.withLock { $0.oldest = oldest } }

    /// How often blocks were rewritten on the disk: what was read before is not to be sent.
    package var rewrites: Int { state.withLock(\.rewrites) }

    /// The farewells since there were so many, as far as they are kept, and how many there are now.
    func farewells(after count: Int) -> (farewells: ArraySlice<Farewell>, count: Int) {
        state.withLock { state in
            guard state.farewellCount > count else { return ([], count) }
            return (state.farewells.suffix(state.farewellCount - count), state.farewellCount)
        }
    }

    /// Takes users out of the blocks that are in memory, which are out of those on the disk. Called by the thread that publishes.
    ///
    /// - Complexity: O(bytes in memory), some milliseconds; readers do not wait for it.
    func forget(_ users: [ForgottenUser]) {
        let recent = state.withLock(\.recent)
        let rewritten = recent.map { shared in
            // A block that cannot be read is told of by whoever reads it; in memory there is none.
            guard let found = try? shared.block.forgetting(users) else { return shared }
            return SharedBlock(found.block)
        }
        state.withLock { state in
            state.recent = rewritten
            state.size = rewritten.reduce(0) { $0 + $1.block.weight }
            state.rewrites += 1
        }
    }

    /// Takes up the blocks of a commit that is durable, and who left with it for good.
    ///
    /// - Parameter arrived: when the first fix of the commit was read, in monotonic nanoseconds.
    package func publish(_ blocks: [EventBlock], farewells: [Farewell] = [], arrived: Int64? = nil) {
        guard let last = blocks.last else { return }
        let listeners = state.withLock { state in
            for block in blocks {
                state.recent.append(SharedBlock(block, arrived: arrived))
                state.size += block.weight
            }
            state.farewells = (state.farewells + farewells).suffix(Self.greatestFarewells)
            state.farewellCount += farewells.count
            var dropped = 0
            while state.size > memory, dropped < state.recent.count - 1 {
                state.size -= state.recent[dropped].block.weight
                dropped += 1
            }
            state.recent.removeFirst(dropped)
            state.head = last.lastSeq
            return state.listeners
        }
        for moved in listeners { moved() }
    }

    /// The block that holds an event, if it is in memory.
    ///
    /// - Complexity: O(log n) in the blocks.
    package func recentBlock(containing seq: Int64) -> SharedBlock? {
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
