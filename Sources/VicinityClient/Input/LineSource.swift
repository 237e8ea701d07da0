// The lines of one input, numbered from 1, with a bound on their length: a file without a newline costs the bound and not
// its size.

internal import Glibc

package struct LineSource: ~Copyable {
    package enum Step: Equatable, Sendable {
        case line
        /// There is no more.
        case end
        /// Nothing whole is at hand, and to read would block. Only without `mayBlock`.
        case idle
    }

    /// The most bytes of a line that are kept.
    package let limit: Int
    /// The number of the line that ``next(_:mayBlock:)`` brought last, from 1.
    package private(set) var lineNumber = 0
    /// Whether that line was longer than ``limit``; it then holds the first `limit` bytes.
    package private(set) var isCut = false

    private var source: ByteSource
    private var position = 0
    /// The beginning of a line whose end has not come.
    private var carry: [UInt8] = []
    private var hasCarry = false
    private var carryIsCut = false

    package init(_ source: consuming ByteSource, limit: Int) {
        self.source = source
        self.limit = limit
    }

    package var name: String { source.name }
    package var bytesRead: Int64 { source.bytesRead }
    package var size: Int64? { source.size }
    package var rawDescriptor: CInt { source.rawDescriptor }

    /// Replaces `line` by the next line without its `\n`. A last line without one is a line.
    ///
    /// - Complexity: O(length); no allocation once `line` has grown.
    package mutating func next(_ line: inout [UInt8], mayBlock: Bool = true) throws(InputFault) -> Step {
        while true {
            if position < source.chunk.count {
                let start = position
                let end = newline(from: start)
                keep(source.chunk[start..<(end ?? source.chunk.count)])
                position = end.map { $0 + 1 } ?? source.chunk.count
                if end != nil { return finish(&line) }
            }
            if !mayBlock, !source.isReady { return .idle }
            position = 0
            if try !source.readMore() {
                return hasCarry ? finish(&line) : .end
            }
        }
    }

    private func newline(from start: Int) -> Int? {
        source.chunk.withUnsafeBytes { bytes in
            // memchr is several times faster than a loop, and this runs over gigabytes.
            guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, bytes.count - start) else { return nil }
            return base.distance(to: UnsafeRawPointer(found))
        }
    }

    private mutating func keep(_ piece: ArraySlice<UInt8>) {
        hasCarry = true
        let room = limit - carry.count
        carry.append(contentsOf: piece.prefix(room))
        if piece.count > room { carryIsCut = true }
    }

    private mutating func finish(_ line: inout [UInt8]) -> Step {
        swap(&line, &carry)
        carry.removeAll(keepingCapacity: true)
        isCut = carryIsCut
        carryIsCut = false
        hasCarry = false
        lineNumber += 1
        return .line
    }
}
