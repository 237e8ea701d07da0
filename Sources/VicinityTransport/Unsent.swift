import NIOCore

/// What a connection has been given to write and the kernel has perhaps not taken: kept only where it may have to be handed over.
///
/// NIO says how many bytes it still has, not which; they are the last ones of what it was given. What is written costs one place in a queue here, the
/// bytes are shared.
struct Unsent {
    private var buffers: CircularBuffer<ByteBuffer> = []
    private var bytes = 0

    mutating func append(_ buffer: ByteBuffer) {
        guard buffer.readableBytes > 0 else { return }
        buffers.append(buffer)
        bytes += buffer.readableBytes
    }

    /// Lets go of whole writes that the kernel has taken.
    ///
    /// - Parameter count: how many bytes it has not.
    mutating func keep(last count: Int) {
        if count == 0 {
            buffers.removeAll(keepingCapacity: buffers.capacity <= 64)
            bytes = 0
        }
        while let first = buffers.first, bytes - first.readableBytes >= count {
            bytes -= first.readableBytes
            buffers.removeFirst()
        }
    }

    /// The last so many bytes.
    func suffix(_ count: Int) -> ByteBuffer {
        precondition(count <= bytes, "nothing is queued but what was written")
        var suffix = ByteBuffer()
        suffix.reserveCapacity(bytes)
        for buffer in buffers { suffix.writeImmutableBuffer(buffer) }
        suffix.moveReaderIndex(forwardBy: bytes - count)
        return suffix
    }
}
