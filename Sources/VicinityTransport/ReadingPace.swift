import NIOCore

/// When a connection is read again.
///
/// Who writes line by line is read many lines at a time, since each piece that a peer has written is work of its own for the kernel, and each read one
/// more for us (docs/decisions/0067). So after a read that brought little the next one waits; a read after a silence comes at once.
struct ReadingPace {
    /// The least time between two reads of which the first brought little; with none, no clock is looked at.
    var rest = TimeAmount.zero

    private var lastRead = NIODeadline.uptimeNanoseconds(0)
    private var broughtPlenty = false

    /// Bytes of a read that is followed by the next one at once.
    ///
    /// Of a gateway that writes line by line the kernel's buffer holds some 280 lines, by what each costs the kernel: so many must not be followed by a rest,
    /// since then the gateway is waiting.
    static let plenty = 8 * 1024

    /// A read brought so many bytes.
    ///
    /// - Parameter fillsBuffer: there was no room for more; the buffer grows with what comes, so that there may be much more.
    mutating func read(_ bytes: Int, fillsBuffer: Bool, now: @autoclosure () -> NIODeadline) {
        guard rest > .zero else { return }
        lastRead = now()
        broughtPlenty = bytes >= Self.plenty || fillsBuffer
    }

    /// When the next read is due; `nil` for at once.
    func nextRead(now: @autoclosure () -> NIODeadline) -> NIODeadline? {
        guard rest > .zero, !broughtPlenty else { return nil }
        let due = lastRead + rest
        return due > now() ? due : nil
    }
}
