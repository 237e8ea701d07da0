// `vicinityctl map`: a live screen, one picture as text, or files.

internal import Glibc

package struct MapRun: ~Copyable {
    package struct Options: Sendable {
        package var socketDirectory: String
        /// The middle; `nil` is where the subjects are.
        package var center: MapPlace?
        /// `nil` is as wide as the subjects are apart, or ``standardWidth``.
        package var width: MapWidth?
        /// Whose halos are drawn.
        package var users: [String] = []
        /// Which subjects are drawn; all of them if this is empty.
        package var kinds: [String] = []
        /// Files to write; `-` is standard output.
        package var svg: String?
        package var geoJSON: String?
        /// Say the daemon's answer as it is.
        package var isJSON = false
        /// The terminal's kind, as `TERM` names it.
        package var terminal: String?
        /// Whether characters may be used that are not in ASCII.
        package var isUnicode = false

        package init(socketDirectory: String) { self.socketDirectory = socketDirectory }
    }

    /// How wide a map is round a place if nobody says.
    package static let standardWidth = MapWidth(metres: 10_000)

    private let options: Options
    private let console: Console

    package init(_ options: Options, console: Console) {
        self.options = options
        self.console = console
    }

    /// Shows the map until the operator has seen enough, or once, or writes it.
    ///
    /// - Throws: if the first look fails, or a file cannot be written. A daemon that goes away later is waited for.
    package consuming func run() throws(ClientFault) {
        let link = try MapLink(socketDirectory: options.socketDirectory, kinds: options.kinds, users: options.users)
        if options.isJSON { return console.say(try link.answer(try firstParams(link)).text) }
        if options.svg != nil || options.geoJSON != nil { return try write(link) }
        let isLive = FullScreen.isPossible(on: STDOUT_FILENO, kind: options.terminal)
        let size = isLive ? FullScreen.size(of: STDOUT_FILENO) : nil
        let view = try firstView(link, MapScreen.area(of: size))
        var model = MapModel(try link.map(view.bounds.params(level: view.level)))
        (model.halos, model.silent) = try link.haloes()
        guard isLive else { return console.say(MapScreen(model, view: view, size: nil, isUnicode: options.isUnicode).plainText) }
        var session = MapSession(options, isStyled: console.hasColours, link: link, model, view)
        session.run()
    }

    // MARK: - Where to look first

    private func firstParams(_ link: MapLink) throws(ClientFault) -> [JSONValue.Member] {
        if let center = options.center {
            return Mercator.bounds(round: center, width: options.width ?? Self.standardWidth).params(level: nil)
        }
        guard let width = options.width else { return [] }
        let all = try link.map([]).bounds
        return Mercator.bounds(round: all.center, width: width).params(level: nil)
    }

    private func firstView(_ link: MapLink, _ area: MapView.Area) throws(ClientFault) -> MapView {
        if let center = options.center { return MapView(center: center, width: options.width ?? Self.standardWidth, area: area) }
        let all = try link.map([]).bounds
        guard let width = options.width else { return MapView(fitting: all, atLeast: Self.standardWidth, area: area) }
        return MapView(center: all.center, width: width, area: area)
    }

    // MARK: - Files

    private func write(_ link: MapLink) throws(ClientFault) {
        var model = MapModel(try link.map(try firstParams(link)))
        (model.halos, model.silent) = try link.haloes()
        for user in model.silent { console.complain("vicinityctl: \(user.terminalSafe) has no position, and no halo") }
        if let svg = options.svg { try write(MapSVG(model).text, to: svg, model) }
        if let geoJSON = options.geoJSON { try write(MapGeoJSON(model).text, to: geoJSON, model) }
    }

    private func write(_ text: String, to path: String, _ model: MapModel) throws(ClientFault) {
        if path == "-" { return console.say(Array(text.utf8)) }
        // Where somebody is is for whoever was allowed to ask.
        try WholeFile.write(text, to: path, mode: model.halos.isEmpty ? 0o644 : 0o600)
    }
}

/// The time between the first picture and the last. Nothing in it waits but one `poll`, so that a daemon that hangs does not take the keys with it.
private struct MapSession: ~Copyable {
    /// Milliseconds between two looks: the daemon counts no sooner again.
    private static let interval: Int64 = 10_000
    /// Milliseconds between two tries to reach a daemon that is away, and between two pictures while there is nothing new.
    private static let pause: Int64 = 1_000
    /// How long an answer may take before the screen says that there is none, in milliseconds.
    private static let haste: Int64 = 2_000

    private let options: MapRun.Options
    private let isStyled: Bool
    private let signals: Signals
    private var screen: FullScreen
    private var keys = KeyPresses()
    private var view: MapView
    /// Where `0` goes back to.
    private let start: MapView

    /// `nil` while the daemon is away.
    private var link: MapLink?
    private var model: MapModel
    private var fault: (since: Int64, ClientFault)?
    /// When the daemon is to be asked, or to be tried again.
    private var next: Int64
    /// Whether users are to be asked for as well.
    private var wantsUsers = false
    /// What was asked for last.
    private var asked: MapBounds

    init(_ options: MapRun.Options, isStyled: Bool, link: MapLink, _ model: MapModel, _ view: MapView) {
        self.options = options
        self.isStyled = isStyled
        self.link = link
        self.model = model
        self.view = view
        start = view
        asked = view.bounds
        next = Clock.monotonic() + Self.interval
        signals = Signals.ofTheScreen()
        screen = FullScreen()
    }

    mutating func run() {
        var goesOn = draw()
        while goesOn {
            let (hasSignal, hasKeys) = wait()
            if hasSignal, signals.mustEnd() { return }
            if hasKeys, !takeKeys() { return }
            view.resize(to: MapScreen.area(of: screen.size))
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
        for press in keys.take(bytes) {
            switch MapKey(press) {
            case .quit: return false
            case .suspend:
                screen.leave()
                // As the terminal does it, to all that stand before it; from here it goes on after SIGCONT.
                kill(0, SIGTSTP)
                screen.enter()
            case .refresh where !view.showsHelp:
                wantsUsers = true
                next = min(next, Clock.monotonic())
            case let key: view.take(key, start: start)
            }
        }
        return true
    }

    // MARK: - The daemon

    /// Does what is due, and takes what has come.
    private mutating func converse(now: Int64) {
        do throws(ClientFault) {
            if link == nil, now >= next {
                link = try MapLink(socketDirectory: options.socketDirectory, kinds: options.kinds, users: options.users, patience: 0)
            }
            for news in try link?.take(now: now) ?? [] { take(news) }
            if let link, link.askedAt == nil, now >= next || asked != view.bounds {
                asked = view.bounds
                next = now + Self.interval
                try link.ask(asked.params(level: view.level), withUsers: wantsUsers, now: now)
                wantsUsers = false
            }
            if let since = link?.askedAt, now - since >= Int64(ControlClient.patience) {
                let why = "no answer within \(spanText(milliseconds: now - since))"
                throw .lost(socket: "\(options.socketDirectory)/control.sock", why: why)
            }
        } catch {
            link = nil
            fault = (fault?.since ?? now, error)
            next = now + Self.pause
        }
    }

    private mutating func take(_ news: MapLink.News) {
        switch news {
        case .map(let answer): model.take(answer)
        case .halos(let halos, let silent): (model.halos, model.silent) = (halos, silent)
        }
        fault = nil
    }

    // MARK: - The picture

    private func picture(now: Int64) -> MapScreen {
        var trouble: TopScreen.Trouble?
        if let fault {
            trouble = .away(now - fault.since, fault.1)
        } else if let asked = link?.askedAt, now - asked >= Self.haste {
            trouble = .silent(now - asked)
        }
        return MapScreen(model, view: view, trouble: trouble, size: screen.size, isUnicode: options.isUnicode)
    }

    /// - Returns: false if the terminal is gone.
    private func draw() -> Bool { screen.draw(picture(now: Clock.monotonic()).lines, isStyled: isStyled) }
}
