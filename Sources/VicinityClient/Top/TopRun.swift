// `vicinityctl top`: the loop between the daemon, the screen and the keys. Nothing in it waits but one `poll`, so that a daemon that hangs
// does not take the keys with it.

internal import Glibc

package struct TopRun: ~Copyable {
    package struct Options: Sendable {
        package var socketDirectory: String
        /// Between two readings, in milliseconds.
        package var interval: Int64
        /// Say it once, as text, even on a terminal.
        package var isOnce: Bool
        /// The terminal's kind, as `TERM` names it.
        package var terminal: String?

        package init(socketDirectory: String, interval: Int64 = 1_000, isOnce: Bool = false, terminal: String? = nil) {
            self.socketDirectory = socketDirectory
            self.interval = interval
            self.isOnce = isOnce
            self.terminal = terminal
        }
    }

    private let options: Options
    private let console: Console

    package init(_ options: Options, console: Console) {
        self.options = options
        self.console = console
    }

    /// Shows the daemon until the operator has seen enough, or once.
    ///
    /// - Throws: if the first reading fails. A daemon that goes away later is waited for.
    package consuming func run() throws(ClientFault) {
        let link = try TopLink(socketDirectory: options.socketDirectory)
        let first = try link.reading()
        guard !options.isOnce, FullScreen.isPossible(on: STDOUT_FILENO, kind: options.terminal) else {
            // How fast it goes is known only from two.
            poll(nil, 0, Int32(clamping: options.interval))
            let model = TopModel(try link.reading(), since: first)
            return console.say(TopScreen(model, size: nil, interval: options.interval).plainText)
        }
        var session = TopSession(options, isStyled: console.hasColours, link: link, first: first)
        session.run()
    }
}

/// The time between the first picture and the last.
private struct TopSession: ~Copyable {
    /// Milliseconds between two tries to reach a daemon that is away, and between two pictures while there is nothing new.
    private static let pause: Int64 = 1_000
    /// How long an answer may take before the screen says that there is none, in milliseconds.
    private static let haste: Int64 = 2_000

    private let options: TopRun.Options
    private let isStyled: Bool
    private let signals: Signals
    private var screen: FullScreen
    private var keys = TopKeys()
    private var view = TopView()

    /// `nil` while the daemon is away.
    private var link: TopLink?
    private var latest: TopModel
    /// What is on the screen; while that pauses, not the latest.
    private var shown: TopModel
    private var fault: (since: Int64, ClientFault)?
    /// When the daemon is to be asked, or to be tried again.
    private var next: Int64

    init(_ options: TopRun.Options, isStyled: Bool, link: TopLink, first: TopReading) {
        self.options = options
        self.isStyled = isStyled
        self.link = link
        latest = TopModel(first)
        shown = latest
        next = first.time + options.interval
        signals = Signals.ofTheScreen()
        screen = FullScreen()
    }

    mutating func run() {
        var goesOn = draw()
        while goesOn {
            let (hasSignal, hasKeys) = wait()
            if hasSignal, signals.mustEnd() { return }
            if hasKeys, !takeKeys() { return }
            converse(now: Clock.monotonic())
            goesOn = draw()
        }
    }

    /// Until something has come, or something is due.
    private func wait() -> (signal: Bool, keys: Bool) {
        var requests = [signals.descriptor, screen.keys, link?.rawDescriptor ?? -1].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        let now = Clock.monotonic()
        // An answer that is waited for makes the screen say so, each second.
        let due = link?.askedAt == nil ? next : now + Self.pause
        poll(&requests, nfds_t(requests.count), Int32(clamping: max(0, due - now)))
        return (requests[0].revents != 0, requests[1].revents != 0)
    }

    /// - Returns: false if it was the last.
    private mutating func takeKeys() -> Bool {
        let bytes = screen.read()
        guard !bytes.isEmpty else { return false }
        for key in keys.take(bytes) {
            switch key {
            case .quit: return false
            case .suspend:
                screen.leave()
                // As the terminal does it, to all that stand before it; from here it goes on after SIGCONT.
                kill(0, SIGTSTP)
                screen.enter()
            default:
                view.take(key, in: picture(now: Clock.monotonic()).room)
                if !view.isPaused { shown = latest }
            }
        }
        return true
    }

    // MARK: - The daemon

    /// Does what is due, and takes what has come.
    private mutating func converse(now: Int64) {
        do throws(ClientFault) {
            if link == nil, now >= next { link = try TopLink(socketDirectory: options.socketDirectory, patience: 0) }
            if link != nil, link?.askedAt == nil, now >= next { try link?.ask(now: now) }
            if let asked = link?.askedAt, now - asked >= Int64(ControlClient.patience) {
                let why = "no answer within \(spanText(milliseconds: now - asked))"
                throw .lost(socket: "\(options.socketDirectory)/control.sock", why: why)
            }
            if let reading = try link?.take() { take(reading) }
        } catch {
            link = nil
            fault = (fault?.since ?? now, error)
            next = now + Self.pause
        }
    }

    private mutating func take(_ reading: TopReading) {
        latest = TopModel(reading, since: latest.now)
        if !view.isPaused { shown = latest }
        fault = nil
        // In step, unless the daemon is too slow for that.
        next = max(next + options.interval, reading.time)
    }

    // MARK: - The picture

    private func picture(now: Int64) -> TopScreen {
        var trouble: TopScreen.Trouble?
        if let fault {
            trouble = .away(now - fault.since, fault.1)
        } else if let asked = link?.askedAt, now - asked >= Self.haste {
            trouble = .silent(now - asked)
        }
        return TopScreen(shown, view: view, trouble: trouble, size: screen.size, interval: options.interval)
    }

    /// - Returns: false if the terminal is gone.
    private func draw() -> Bool { screen.draw(picture(now: Clock.monotonic()).lines, isStyled: isStyled) }
}
