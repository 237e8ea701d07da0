/// Cuts a stream into lines that are short enough, for the conversations whose lines come one by one.
///
/// The caller brings what is there, chopped anywhere, and keeps what was not consumed for the next time. Lines of white space are passed
/// over. Of a line that is too long nothing is kept.
package struct LineFramer {
    package enum Line: Equatable, Sendable {
        /// Without the line feed and a carriage return before it.
        case text([UInt8])
        /// It was longer than allowed; the rest of it will be passed over.
        case tooLong
    }

    /// Bytes that a line may have before its end.
    package let limit: Int
    /// Bytes of the unfinished line that hold no line feed.
    private var searched = 0
    private var isSkipping = false

    /// - Parameter resuming: where in a line a framer in another process was, whose unfinished line comes first now.
    package init(limit: Int, resuming: Resumption = Resumption()) {
        self.limit = limit
        isSkipping = resuming.isSkipping
    }

    package typealias Resumption = LineResumption

    /// What a successor must know beside the bytes that the caller keeps.
    package var resumption: Resumption { Resumption(isSkipping: isSkipping) }

    /// Takes the next line from the front of `bytes`.
    ///
    /// - Parameter bytes: begins where the last call stopped consuming.
    /// - Returns: the line, or `nil` if no line is complete; and how many bytes are dealt with, with or without a line. The caller keeps the
    ///   others, at most ``limit`` + 1 once there is no line.
    /// - Complexity: O(bytes), however the stream is chopped.
    package mutating func next(_ bytes: UnsafeRawBufferPointer) -> (line: Line?, consumed: Int) {
        var at = 0
        while at < bytes.count {
            guard let end = bytes.firstPlace(of: Byte.newline, from: at + searched) else {
                if isSkipping { return (nil, bytes.count) }
                let rest = bytes.part(at..<bytes.count)
                guard rest.withoutCarriageReturn.count > limit else {
                    searched = rest.count
                    return (nil, at)
                }
                isSkipping = true
                searched = 0
                return (.tooLong, bytes.count)
            }
            let wasSkipping = isSkipping
            let start = at
            isSkipping = false
            searched = 0
            at = end + 1
            if !wasSkipping, let line = line(bytes.part(start..<end)) { return (line, at) }
        }
        return (nil, at)
    }

    /// Takes what is left when the stream has ended: a last line without a line feed.
    package mutating func last(_ rest: UnsafeRawBufferPointer) -> Line? {
        defer {
            isSkipping = false
            searched = 0
        }
        return isSkipping ? nil : line(rest)
    }

    private func line(_ bytes: UnsafeRawBufferPointer) -> Line? {
        let text = bytes.withoutCarriageReturn
        if text.count > limit { return .tooLong }
        return text.isBlank ? nil : .text([UInt8](text))
    }
}
