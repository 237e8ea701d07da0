// Connections that outlive the process.
//
// Where the service manager passed the sockets and listens to us, it also keeps, for each gateway and subscriber, a descriptor of the socket and one of
// a notebook (`Notebook`), under a name that is never used again. So nobody notices a restart:
//
//     in order   nothing more is read; what was read is committed and answered as far as the socket takes it; each session writes what it knows, and
//                the bytes that the kernel has not taken, into its notebook. The sockets are not closed, and nobody is waited for
//     killed     the notebook holds what the session wrote as it went, up to the last instant: for a gateway the bytes that were read and not settled, and
//                how many lines were, for a subscriber its place in the log
//
// The next process goes on from there (`Legacy`) before it accepts anybody. What cannot be known exactly is not guessed: where output may have been
// sent in part, or input was read and not noted, the connection is closed, and its client reconnects as after any crash.
//
// A connection is told apart by its name only: `ingest-0123456789abcdef-17` is the seventeenth of the process that drew these digits.

import Glibc
import Synchronization
import VicinitySystem
import VicinityTransport

/// Has the service manager keep connections.
final class Keeper: Sendable {
    private struct Count {
        var kept = 0
        var last: UInt64 = 0
    }

    private let store: DescriptorStore
    private let digits: String
    private let count = Mutex(Count())

    /// Connections that are kept at most. The names of what systemd passes are one variable of the environment, and the kernel lets none have more than
    /// 128 KiB: past it the next start would fail. Two names of at most 36 bytes a connection are 127 KiB.
    static let greatest = 1800

    /// - Parameter process: drawn for this process alone.
    init(store: DescriptorStore, process: UInt64) {
        self.store = store
        let hexadecimal = String(process, radix: 16)
        digits = String(repeating: "0", count: 16 - hexadecimal.count) + hexadecimal
    }

    /// Begins to keep a connection, of which nothing was read or written yet. It is given to the manager with the first note of its session.
    ///
    /// - Returns: `nil` if it cannot be kept, for want of descriptors or memory or because there are too many: it is served all the same.
    func keep(_ connection: Connection, of socket: SocketName) -> Keepsake? {
        let number = count.withLock { count -> UInt64? in
            guard count.kept < Self.greatest else { return nil }
            count.kept += 1
            count.last += 1
            return count.last
        }
        guard let number else { return nil }
        guard let notebook = try? Notebook(), let copy = try? notebook.duplicate(), connection.countInput(),
            let descriptor = connection.duplicateDescriptor()
        else {
            release()
            return nil
        }
        notebook.countedFrom = 0
        connection.keepsUnsent = true
        return Keepsake(
            name: "\(socket.rawValue)-\(digits)-\(number)", notebook: notebook, connection: connection, keeper: self,
            unstored: [descriptor, copy.release()])
    }

    /// Goes on keeping a connection that another process has begun to keep.
    func goOnKeeping(_ connection: Connection, name: String, notebook: Notebook) -> Keepsake {
        count.withLock { $0.kept += 1 }
        connection.keepsUnsent = true
        return Keepsake(name: name, notebook: notebook, connection: connection, keeper: self, unstored: [])
    }

    func store(_ name: String, _ descriptors: [CInt]) { store.store(name, descriptors) }

    /// A connection has ended: the manager may let go of it.
    func forget(_ name: String) { store.remove(name) }

    /// A keepsake is no more.
    func release() { count.withLock { $0.kept -= 1 } }

    /// Says that nothing more will be kept or forgotten.
    func finish() { store.finish() }
}
