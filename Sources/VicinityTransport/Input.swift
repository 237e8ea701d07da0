import NIOCore

/// What a connection has read and its session has not.
///
/// A piece that NIO has read lies in a buffer that NIO uses again when nobody else holds it. So the session sees it in place, and only
/// what it leaves, mostly half a line, is copied into storage of our own, where the next piece is appended. In a steady stream nothing is
/// allocated.
struct Input {
    /// There is something that the session has not seen, or is to see again.
    var isNews = false
    /// The peer will send no more.
    var hasEnded = false
    var endWasTold = false

    private var unread = ByteBuffer()
    /// `unread` is our own storage, not NIO's.
    private var isOwn = false
    /// Our own storage while `unread` does not use it.
    private var spare = ByteBuffer()

    /// Storage beyond this is given up when nothing is unread: what a burst needed is not kept for ever by each of a thousand connections.
    private static let keptCapacity = 65_536

    var readableBytes: Int { unread.readableBytes }

    mutating func append(_ bytes: ByteBuffer) {
        isNews = true
        if unread.readableBytes == 0 {
            keepStorage()
            unread = bytes
        } else {
            own()
            unread.discardReadBytes()
            unread.writeImmutableBuffer(bytes)
        }
    }

    mutating func take() -> ByteBuffer {
        defer { unread = ByteBuffer() }
        return unread
    }

    /// Takes back what the session left of ``take()``.
    mutating func giveBack(_ bytes: ByteBuffer) {
        precondition(unread.readableBytes == 0, "nothing is appended while the session holds the input")
        unread = bytes
    }

    /// Lets go of NIO's buffer.
    mutating func settle() {
        if unread.readableBytes == 0 { keepStorage() } else { own() }
    }

    private mutating func own() {
        guard !isOwn else { return }
        spare.clear()
        spare.writeImmutableBuffer(unread)
        unread = spare
        spare = ByteBuffer()
        isOwn = true
    }

    private mutating func keepStorage() {
        if isOwn, unread.capacity <= Self.keptCapacity { spare = unread }
        unread = ByteBuffer()
        isOwn = false
    }
}
