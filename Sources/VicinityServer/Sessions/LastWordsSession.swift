internal import NIOCore
import VicinityTransport

/// The end of a connection that another process has left: perhaps the last of its output, and the close. As long as its peer does not read that, it is
/// left to one process after the other.
final class LastWordsSession: Session {
    let connection: Connection
    private let keeping: (keepsake: Keepsake, group: GatewayGroup)?
    private let whenClosed: () -> Void

    /// Drops a connection, whatever was still to be said.
    init(dropping connection: Connection, whenClosed: @escaping () -> Void) {
        self.connection = connection
        keeping = nil
        self.whenClosed = whenClosed
        connection.close(afterFlush: false)
    }

    /// Says what is left unsaid, and closes.
    init(connection: Connection, keepsake: Keepsake, legacy: Legacy, group: GatewayGroup, whenClosed: @escaping () -> Void) {
        self.connection = connection
        keeping = (keepsake, group)
        self.whenClosed = whenClosed
        group.add(self)
        keepsake.begin(legacy)
        connection.close(afterFlush: true)
    }

    /// Leaves what the peer has not read to the next process.
    ///
    /// - Returns: false if it cannot be left.
    func handOver() -> Bool {
        guard let keeping, let handover = connection.detach() else { return false }
        keeping.group.remove(self)
        whenClosed()
        return keeping.keepsake.handOver(nil, start: 0, handover)
    }

    func received(_ bytes: inout ByteBuffer) { bytes.clear() }

    func inputEnded(_ rest: inout ByteBuffer) {}

    func becameWritable() {}

    func closed() {
        if let keeping {
            keeping.group.remove(self)
            keeping.keepsake.forget()
        }
        whenClosed()
    }
}
