internal import Glibc
internal import NIOCore
import VicinitySystem
import VicinityTransport

/// What is kept of one connection: its name with the manager, and its notebook.
///
/// Lives on the connection's event loop. The session notes what a successor must know; between ``outputBegins()`` and the next note that finds
/// all of it taken, the connection is in doubt.
final class Keepsake {
    private let name: String
    private let notebook: Notebook
    private let connection: Connection
    private let keeper: Keeper
    /// What the manager was not given yet.
    private var unstored: [CInt]
    /// Nobody can go on with the connection any more: something could not be noted.
    private(set) var isLost = false

    /// Bytes that one read may bring: while there is less room nothing is to be read.
    private static let greatestRead = SocketServer.Options().largestRead
    /// Bytes after which the kernel's count begins anew; it goes up to 2^31.
    private static let longestCount: UInt64 = 1 << 30

    init(name: String, notebook: Notebook, connection: Connection, keeper: Keeper, unstored: [CInt]) {
        self.name = name
        self.notebook = notebook
        self.connection = connection
        self.keeper = keeper
        self.unstored = unstored
    }

    deinit {
        for descriptor in unstored { _ = close(descriptor) }
        keeper.release()
    }

    /// Begins to note again where another process has stopped: says what that has left unsaid, and is in doubt until it is taken.
    func begin(_ legacy: Legacy) {
        notebook.begin(isInDoubt: !legacy.unsent.isEmpty)
        guard !legacy.unsent.isEmpty else { return }
        connection.write(ByteBuffer(bytes: legacy.unsent))
        connection.flush()
    }

    // MARK: - Input

    /// Notes bytes that were read, at once.
    func arrived(_ bytes: ByteBuffer) {
        guard !isLost else { return }
        if !bytes.withUnsafeReadableBytes({ notebook.append($0) }) { lose() }
    }

    /// Whether what one read brings can be noted.
    var hasRoom: Bool { isLost || notebook.room >= Self.greatestRead }

    /// Something of what was unsettled has come to its end.
    func madeProgress() { if notebook.attempts > 0 { notebook.attempts = 0 } }

    /// Gives back the memory of a burst.
    func tidy() { if !isLost { notebook.giveBack() } }

    // MARK: - Notes

    /// Output is about to be handed to the socket.
    func outputBegins() { if !notebook.isInDoubt { notebook.isInDoubt = true } }

    /// Notes what a successor must know. Gives the connection to the manager, the first time.
    ///
    /// - Parameters:
    ///   - state: as of now, all that was written being taken.
    ///   - start: where the input begins that is not settled in this state, in bytes of the connection.
    func note(_ state: [UInt8], start: UInt64) {
        guard !isLost else { return }
        guard notebook.note(state, start: start) else { return lose() }
        if connection.isOpen, connection.queuedBytes == 0, notebook.isInDoubt { notebook.isInDoubt = false }
        recount()
        guard !unstored.isEmpty else { return }
        keeper.store(name, unstored)
        unstored = []
    }

    /// Notes that the state is the same but for a number; all that was written is taken.
    func note(place: Int64) {
        guard !isLost else { return }
        notebook.place = place
        notebook.isInDoubt = false
    }

    /// Nobody could go on with the connection as it is now; the next note ends that.
    func suspend() { outputBegins() }

    /// What one process has read is known to the next by the kernel's count; it must not run over.
    private func recount() {
        guard let from = notebook.countedFrom, notebook.end - from > Self.longestCount else { return }
        notebook.countedFrom = nil
        if connection.countInput() { notebook.countedFrom = notebook.end }
    }

    private func lose() {
        isLost = true
        notebook.isInDoubt = true
    }

    // MARK: - The end

    /// Leaves the connection to the next process.
    ///
    /// - Parameters:
    ///   - state: `nil` if there is none any more, the connection being at its end.
    ///   - start: as for ``note(_:start:)``.
    ///   - handover: what is left of the output.
    /// - Returns: whether it is left; if not, its client will see an end.
    func handOver(_ state: [UInt8]?, start: UInt64, _ handover: Connection.Handover) -> Bool {
        let isNoted = state.map { notebook.note($0, start: start) } ?? handover.isEnding
        let tail = [handover.isEnding ? 1 : 0] + Array(handover.unsent.readableBytesView)
        guard isNoted, !isLost, unstored.isEmpty, (try? notebook.handOver(tail)) != nil else {
            forget()
            return false
        }
        return true
    }

    /// The connection has ended.
    func forget() { if unstored.isEmpty { keeper.forget(name) } }
}
