// The events of a state directory as lines, without a daemon.

internal import Glibc
internal import VicinityCore
internal import VicinityStore
internal import VicinityWire

/// Writes the events that a state directory still holds, as `events.sock` would.
package struct LogDump {
    private let directory: String
    private let after: Int64
    private let limit: Int64
    private let progress: (Progress) throws -> Void

    /// - Parameters:
    ///   - after: the seq after which to begin.
    ///   - limit: events at most.
    ///   - progress: called after each block; an ``Interruption`` ends the dump.
    package init(directory: String, after: Int64, limit: Int64, progress: @escaping (Progress) throws -> Void = { _ in }) {
        self.directory = directory
        self.after = after
        self.limit = limit
        self.progress = progress
    }

    /// How a dump ended.
    package enum End: Sendable, Equatable {
        /// Everything that was asked for was written.
        case complete
        /// Nobody reads what is written any more.
        case unread
        /// Nobody wants the rest.
        ///
        /// - Parameter last: the seq of the last event that was written, or what the dump was to begin after.
        case interrupted(last: Int64)
        /// The next events cannot be read: a sentence for the operator.
        case damaged(String)
    }

    /// Writes the events to a descriptor.
    ///
    /// - Throws: ``Unexaminable``.
    /// - Complexity: memory for one block.
    package func run(to descriptor: CInt) throws(Unexaminable) -> End {
        let inspection = try Examination.open(directory)
        // Events that retention has removed may still lie in the oldest block.
        let oldest = (try? inspection.oldest.get()) ?? 1
        var last = max(after, oldest - 1)
        var left = limit
        let total = min(limit, max(0, ((try? inspection.head.get().seq) ?? 0) - last))
        var end: End?
        do {
            try inspection.forEachBlock(from: last + 1) { block in
                if left <= 0 { throw Enough() }
                switch block {
                case .failure(let fault):
                    end = .damaged("\(fault.complaint); the events up to \(last) have been written")
                    throw Enough()
                case .success(let block):
                    guard block.events.lastSeq > last else { return }
                    let lines: [UInt8]
                    do {
                        lines = try Self.lines(of: block.events, after: last, limit: left)
                    } catch {
                        end = .damaged("the block of event \(block.events.firstSeq) does not hold what a block holds")
                        throw Enough()
                    }
                    guard Self.write(lines, to: descriptor) else {
                        end = .unread
                        throw Enough()
                    }
                    left -= min(left, block.events.lastSeq - max(last, block.events.firstSeq - 1))
                    last = block.events.lastSeq
                    try progress(.dumpingEvents(done: limit - left, total: total))
                }
            }
        } catch is Interruption {
            end = .interrupted(last: last)
        } catch {
            if !(error is Enough) { end = .damaged("\((error as? StoreFault)?.complaint ?? "\(error)")") }
        }
        return end ?? .complete
    }

    /// Ends the walk over the blocks.
    private struct Enough: Error {}

    private static func lines(of block: EventBlock, after seq: Int64, limit: Int64) throws -> [UInt8] {
        var lines: [UInt8] = []
        try block.forEachView { event in
            if event.seq > seq, event.seq - max(seq, block.firstSeq - 1) <= limit { EventLineEncoder.append(event, to: &lines) }
        }
        return lines
    }

    /// - Returns: whether all of it was taken.
    private static func write(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
        bytes.withUnsafeBytes { raw in
            var offset = 0
            while offset < raw.count {
                let count = Glibc.write(descriptor, raw.baseAddress.map { $0 + offset }, raw.count - offset)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                offset += count
            }
            return true
        }
    }
}
