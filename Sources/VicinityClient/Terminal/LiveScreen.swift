// What programs on the whole screen have in common: what wakes them, their keys, and how they tell that the daemon is away.

internal import Glibc

/// A screen from its first picture to its last. Nothing in it waits but one `poll`, so that a daemon that hangs does not take the keys with it.
struct LiveScreen: ~Copyable {
    private let signals = Signals.ofTheScreen()
    private var screen = FullScreen()
    private var presses = KeyPresses()
    private let isStyled: Bool

    init(isStyled: Bool) { self.isStyled = isStyled }

    /// The size that the terminal has now.
    var size: TopScreen.Size { screen.size }

    /// - Returns: false if the terminal is gone.
    func draw(_ lines: [TopLine]) -> Bool { screen.draw(lines, isStyled: isStyled) }

    /// Waits until something has come, or something is due.
    ///
    /// - Parameters:
    ///   - daemon: what its answers come from; `nil` while it is away.
    ///   - due: in monotonic milliseconds.
    /// - Returns: the keys that were pressed, perhaps none; `nil` if the program must end, by a signal or with its terminal.
    mutating func wait(for daemon: CInt?, until due: Int64) -> [KeyPress]? {
        var requests = [signals.descriptor, screen.keys, daemon ?? -1].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&requests, nfds_t(requests.count), Int32(clamping: max(0, due - Clock.monotonic())))
        if requests[0].revents != 0, signals.mustEnd() { return nil }
        guard requests[1].revents != 0 else { return [] }
        let bytes = screen.read()
        return bytes.isEmpty ? nil : presses.take(bytes)
    }

    /// What Ctrl-Z is for.
    mutating func suspend() {
        screen.leave()
        // As the terminal does it, to all that stand before it; from here it goes on after SIGCONT.
        kill(0, SIGTSTP)
        screen.enter()
    }
}

/// How it stands with a daemon that is asked again and again, and may be away.
struct Attendance {
    /// Milliseconds between two tries to reach a daemon that is away, and between two pictures while there is nothing new.
    private static let pause: Int64 = 1_000
    /// How long an answer may take before the screen says that there is none, in milliseconds.
    private static let haste: Int64 = 2_000

    private let socket: String
    private var fault: (since: Int64, ClientFault)?
    /// When the daemon is to be asked, or to be tried again.
    var next: Int64

    init(socketDirectory: String, next: Int64) {
        socket = "\(socketDirectory)/control.sock"
        self.next = next
    }

    /// When there is something to do, or another picture to be drawn: an answer that is waited for makes the screen say so, each second.
    func due(askedAt: Int64?) -> Int64 { askedAt == nil ? next : Clock.monotonic() + Self.pause }

    /// - Throws: if the answer has taken too long.
    func expect(askedAt: Int64?, now: Int64) throws(ClientFault) {
        guard let askedAt, now - askedAt >= Int64(ControlClient.patience) else { return }
        throw .lost(socket: socket, why: "no answer within \(spanText(milliseconds: now - askedAt))")
    }

    mutating func lost(_ error: ClientFault, now: Int64) {
        fault = (fault?.since ?? now, error)
        next = now + Self.pause
    }

    /// An answer has come.
    mutating func answered() { fault = nil }

    /// What the screen says of it; `nil` if all is well.
    func trouble(askedAt: Int64?, now: Int64) -> TopScreen.Trouble? {
        if let fault { return .away(now - fault.since, fault.1) }
        guard let askedAt, now - askedAt >= Self.haste else { return nil }
        return .silent(now - askedAt)
    }
}
