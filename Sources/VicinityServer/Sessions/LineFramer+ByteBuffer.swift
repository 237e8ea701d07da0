internal import NIOCore
import VicinityWire

extension LineFramer {
    /// Takes the next line from a buffer; `nil` if there is none yet.
    mutating func next(_ bytes: inout ByteBuffer) -> Line? {
        let (line, consumed) = bytes.withUnsafeReadableBytes { next($0) }
        bytes.moveReaderIndex(forwardBy: consumed)
        return line
    }

    /// Takes what is left when the stream has ended.
    mutating func last(_ rest: inout ByteBuffer) -> Line? {
        let line = rest.withUnsafeReadableBytes { last($0) }
        rest.clear()
        return line
    }
}
