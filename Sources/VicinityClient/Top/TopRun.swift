// `vicinityctl top`: the loop between the daemon, the screen and the keys.

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
    private let options: TopRun.Options
    private var screen: LiveScreen
    private var view = TopView()

    /// `nil` while the daemon is away.
    private var link: TopLink?
    private var attendance: Attendance
    private var latest: TopModel
    /// What is on the screen; while that pauses, not the latest.
    private var shown: TopModel

    init(_ options: TopRun.Options, isStyled: Bool, link: TopLink, first: TopReading) {
        self.options = options
        self.link = link
        latest = TopModel(first)
        shown = latest
        attendance = Attendance(socketDirectory: options.socketDirectory, next: first.time + options.interval)
        screen = LiveScreen(isStyled: isStyled)
    }

    mutating func run() {
        while draw() {
            guard let presses = screen.wait(for: link?.rawDescriptor, until: attendance.due(askedAt: link?.askedAt)) else { return }
            for press in presses { guard take(TopKey(press)) else { return } }
            converse(now: Clock.monotonic())
        }
    }

    /// - Returns: false if it was the last.
    private mutating func take(_ key: TopKey) -> Bool {
        switch key {
        case .quit: return false
        case .suspend: screen.suspend()
        default:
            view.take(key, in: picture(now: Clock.monotonic()).room)
            if !view.isPaused { shown = latest }
        }
        return true
    }

    // MARK: - The daemon

    /// Does what is due, and takes what has come.
    private mutating func converse(now: Int64) {
        do throws(ClientFault) {
            // It is tried again anyway: whoever waits in its queue would not see a key meanwhile.
            if link == nil, now >= attendance.next { link = try TopLink(socketDirectory: options.socketDirectory, patience: 0) }
            if link != nil, link?.askedAt == nil, now >= attendance.next { try link?.ask(now: now) }
            try attendance.expect(askedAt: link?.askedAt, now: now)
            if let reading = try link?.take() { take(reading) }
        } catch {
            link = nil
            attendance.lost(error, now: now)
        }
    }

    private mutating func take(_ reading: TopReading) {
        latest = TopModel(reading, since: latest.now)
        if !view.isPaused { shown = latest }
        attendance.answered()
        // In step, unless the daemon is too slow for that.
        attendance.next = max(attendance.next + options.interval, reading.time)
    }

    // MARK: - The picture

    private func picture(now: Int64) -> TopScreen {
        let trouble = attendance.trouble(askedAt: link?.askedAt, now: now)
        return TopScreen(shown, view: view, trouble: trouble, size: screen.size, interval: options.interval)
    }

    private func draw() -> Bool { screen.draw(picture(now: Clock.monotonic()).lines) }
}
