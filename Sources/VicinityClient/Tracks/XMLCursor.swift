/// The place up to which an XML file is read: bytes one by one, and the line on which the next one stands.
///
/// A line is ended as XML ends it: by a line feed, by a carriage return, or by both together.
struct XMLCursor: ~Copyable {
    /// The line of the next byte, from 1.
    private(set) var line = 1

    private var source: ByteSource
    /// Of the next byte in the source's chunk.
    private var position = 0
    private var lastWasReturn = false

    /// - Parameter source: may have a chunk at hand already.
    init(_ source: consuming ByteSource) {
        self.source = source
    }

    var name: String { source.name }
    /// Bytes of the file read so far, and its size if it is one.
    var progress: (read: Int64, size: Int64?) { (source.bytesRead, source.size) }

    /// The next byte, without going on.
    ///
    /// - Returns: `nil` at the end of the file.
    /// - Complexity: O(1), but for a chunk that has to be read. Allocates nothing of its own.
    mutating func peek() throws(XMLFault) -> UInt8? {
        while position == source.chunk.count {
            position = 0
            do {
                if try !source.readMore() { return nil }
            } catch {
                throw .input(error)
            }
        }
        return source.chunk[position]
    }

    /// The next byte; the cursor then stands behind it.
    ///
    /// - Returns: `nil` at the end of the file.
    mutating func take() throws(XMLFault) -> UInt8? {
        guard let byte = try peek() else { return nil }
        position += 1
        // A carriage return ends a line, and so does the line feed that is not behind one.
        if byte == 0x0D || (byte == 0x0A && !lastWasReturn) { line += 1 }
        lastWasReturn = byte == 0x0D
        return byte
    }
}
