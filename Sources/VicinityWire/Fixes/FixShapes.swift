// The fastest way through lines of a gateway: those that look like lines before them (see CFixLines).
//
// A line whose shape is known costs 20 ns instead of the scanner's 52, its id's copy and hash included. Shapes are learnt from lines that the
// scanner has understood, so that they can say nothing that the scanner would not.

internal import CFixLines
internal import VicinityCore

/// Shapes of lines that were seen.
///
/// One for each event loop is enough: nothing of a line is kept but where its marks and digits are, and gateways of one make write alike.
package final class FixShapes {
    private let handle: OpaquePointer
    private var misses: UInt = 0
    /// Lines that were taken since it was made.
    package private(set) var lineCount = 0

    /// One line in so many that are of no known shape is learnt from, so that a gateway whose lines have no shape at all pays little for it.
    private static let lesson: UInt = 8

    /// `nil` where the processor lacks what it takes (AVX2): the scanner takes every line there.
    package init?() {
        guard vicinity_can_take_lines() else { return nil }
        precondition(Self.isLaidOutAlike, "a fix is in memory what CFixLines makes of it")
        guard let handle = vicinity_shapes_create() else { preconditionFailure("no memory for the shapes of lines") }
        self.handle = handle
    }

    deinit { vicinity_shapes_destroy(handle) }

    private static let isLaidOutAlike =
        MemoryLayout<Fix>.size == MemoryLayout<vicinity_fix>.size && MemoryLayout<Fix>.stride == MemoryLayout<vicinity_fix>.stride
        && MemoryLayout.offset(of: \Fix.kind) == MemoryLayout.offset(of: \vicinity_fix.kind)
        && MemoryLayout.offset(of: \Fix.idLength) == MemoryLayout.offset(of: \vicinity_fix.id_length)
        && MemoryLayout.offset(of: \Fix.idOffset) == MemoryLayout.offset(of: \vicinity_fix.id_offset)
        && MemoryLayout.offset(of: \Fix.line) == MemoryLayout.offset(of: \vicinity_fix.line)
        && MemoryLayout.offset(of: \Fix.latitude) == MemoryLayout.offset(of: \vicinity_fix.latitude)
        && MemoryLayout.offset(of: \Fix.longitude) == MemoryLayout.offset(of: \vicinity_fix.longitude)
        && MemoryLayout.offset(of: \Fix.hash) == MemoryLayout.offset(of: \vicinity_fix.hash)
        && MemoryLayout.offset(of: \Fix.time) == MemoryLayout.offset(of: \vicinity_fix.time)
        && MemoryLayout.offset(of: \Fix.accuracy) == MemoryLayout.offset(of: \vicinity_fix.accuracy)
        && MemoryLayout.offset(of: \Fix.radius) == MemoryLayout.offset(of: \vicinity_fix.radius)

    /// Where lines go that are taken.
    struct Target {
        /// Room for ``room`` fixes.
        var fixes: UnsafeMutablePointer<Fix>
        var room: Int
        /// Room for ``idRoom`` bytes.
        var ids: UnsafeMutablePointer<UInt8>
        var idRoom: Int
        /// Of the first line.
        var line: UInt32
        /// Of the first byte at ``ids``.
        var idOffset: Int
    }

    /// Takes lines from the front of `text`, as long as they are of a known shape, and there is room for 144 bytes of ids and as much text.
    ///
    /// - Returns: the bytes, the lines and the bytes of ids that were taken; their fixes are made.
    /// - Complexity: O(bytes); no allocation.
    func take(
        _ text: UnsafePointer<UInt8>, count: Int, into target: Target, hasher: IDHasher, radii: ClosedRange<Double>
    ) -> (bytes: Int, lines: Int, idBytes: Int) {
        // Sound, since the two are the same in memory, which `init` has seen.
        target.fixes.withMemoryRebound(to: vicinity_fix.self, capacity: target.room) { fixes in
            var intake = vicinity_intake(
                text: text, count: count, fixes: fixes, room: target.room, ids: target.ids, id_room: target.idRoom, line: target.line,
                id_offset: UInt32(truncatingIfNeeded: target.idOffset), seed: hasher.state, least_radius: radii.lowerBound,
                greatest_radius: radii.upperBound)
            let taken = vicinity_take_lines(handle, &intake)
            lineCount += taken.lines
            return (taken.bytes, taken.lines, taken.id_bytes)
        }
    }

    /// A line was of no known shape, and the scanner has understood it.
    ///
    /// - Parameter count: of its bytes, with its line feed.
    func missed(_ line: UnsafePointer<UInt8>, count: Int) {
        if misses.isMultiple(of: Self.lesson) { vicinity_shapes_learn(handle, line, count) }
        misses &+= 1
    }
}
