internal import NIOCore
import VicinityTransport

/// The end of a connection that another process has left: perhaps the last of its output, and the close.
final class LastWordsSession: Session {
    private let whenClosed: () -> Void

    /// - Parameter words: `nil` drops the connection, whatever was still to be said.
    init(connection: Connection, words: ByteBuffer?, whenClosed: @escaping () -> Void) {
        self.whenClosed = whenClosed
        if let words { connection.write(words) }
        connection.close(afterFlush: words != nil)
    }

    func received(_ bytes: inout ByteBuffer) { bytes.clear() }

    func inputEnded(_ rest: inout ByteBuffer) {}

    func becameWritable() {}

    func closed() { whenClosed() }
}
