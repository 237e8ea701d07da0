// The fast way from a block to what its subscribers read (see CEventLines): 26 ns for a line of 145 bytes.

internal import CEventLines
package import VicinityCore

/// Writes a block's events as lines, piece by piece, into room that the caller brings.
///
/// It takes only what nearly every block holds, and says so of others as soon as it meets what is not for it; ``EventLineEncoder`` writes those.
package struct EventTranscript {
    package enum Outcome: Sendable {
        /// Every event is written.
        case all
        /// There may be too little room for the next line.
        case part
        /// The block is not for this, or damaged; what was written of it means nothing.
        case refused
    }

    /// Bytes of room in which at least one line is written.
    package static let leastRoom = Int(VICINITY_LONGEST_EVENT_LINE)

    private let block: EventBlock
    private var progress = vicinity_transcript()

    /// `nil` if the block is not for this.
    package init?(_ block: EventBlock) {
        self.block = block
        let begins = block.bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return false }
            return vicinity_transcript_begin(&progress, base, bytes.count, block.firstSeq, UInt64(block.count))
        }
        guard begins else { return nil }
    }

    /// Bytes in which mostly all lines find room.
    package var likelySize: Int { block.bytes.count + 130 * block.count + Self.leastRoom }

    /// Writes the next lines.
    ///
    /// - Returns: the bytes written.
    /// - Complexity: O(bytes); no allocation.
    package mutating func write(to room: UnsafeMutableRawBufferPointer) -> (count: Int, outcome: Outcome) {
        block.bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let start = room.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return (0, .part) }
            var count = 0
            switch vicinity_transcribe(&progress, base, bytes.count, start, room.count, &count) {
            case vicinity_transcribed_all: return (count, .all)
            case vicinity_transcribed_part: return (count, .part)
            default: return (0, .refused)
            }
        }
    }

    /// The lines of a whole block; `nil` if it is not for this.
    static func lines(of block: EventBlock) -> [UInt8]? {
        guard var transcript = EventTranscript(block) else { return nil }
        var lines: [UInt8] = []
        var size = transcript.likelySize
        while true {
            var outcome = Outcome.part
            lines.append(addingCapacity: size) { span in
                span.withUnsafeMutableBufferPointer { buffer, count in
                    (count, outcome) = transcript.write(to: UnsafeMutableRawBufferPointer(buffer))
                }
            }
            switch outcome {
            case .all: return lines
            case .part: size = max(Self.leastRoom, lines.count)
            case .refused: return nil
            }
        }
    }
}
