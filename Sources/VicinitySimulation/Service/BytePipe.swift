import NIOCore

/// What a socket's buffer in the kernel holds on its way in one direction.
struct BytePipe {
    let capacity: Int
    private var bytes = ByteBuffer()

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { bytes.readableBytes }
    var isEmpty: Bool { bytes.readableBytes == 0 }
    var room: Int { max(0, capacity - bytes.readableBytes) }

    /// Takes as many bytes as there is room for.
    ///
    /// - Returns: how many.
    mutating func write(_ new: some Collection<UInt8>) -> Int {
        let taken = min(room, new.count)
        if bytes.readableBytes == 0 { bytes.clear() }
        bytes.writeBytes(new.prefix(taken))
        return taken
    }

    /// Gives up to `most` bytes away.
    mutating func read(_ most: Int) -> [UInt8] { bytes.readBytes(length: min(most, bytes.readableBytes)) ?? [] }

    mutating func removeAll() { bytes.clear() }
}
