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

/// The time between the first picture and the last.
private struct MapSession: ~Copyable {
    /// Milliseconds between two looks: the daemon counts no sooner again.
    private static let interval: Int64 = 10_000

    private let options: MapRun.Options
    private var screen: LiveScreen
    private var view: MapView
    /// Where `0` goes back to.
    private let start: MapView

    /// `nil` while the daemon is away.
    private var link: MapLink?
    private var attendance: Attendance
    private var model: MapModel
    /// Whether users are to be asked for as well.
    private var wantsUsers = false
    /// What was asked for last.
    private var asked: MapBounds

    init(_ options: MapRun.Options, isStyled: Bool, link: MapLink, _ model: MapModel, _ view: MapView) {
        self.options = options
        self.link = link
        self.model = model
        self.view = view
        start = view
        asked = view.bounds
        attendance = Attendance(socketDirectory: options.socketDirectory, next: Clock.monotonic() + Self.interval)
        screen = LiveScreen(isStyled: isStyled)
    }

    mutating func run() {
        while draw() {
            guard let presses = screen.wait(for: link?.rawDescriptor, until: attendance.due(askedAt: link?.askedAt)) else { return }
            for press in presses { guard take(MapKey(press)) else { return } }
            view.resize(to: MapScreen.area(of: screen.size))
            converse(now: Clock.monotonic())
        }
    }

    /// - Returns: false if it was the last.
    private mutating func take(_ key: MapKey) -> Bool {
        switch key {
        case .quit: return false
        case .suspend: screen.suspend()
        case .refresh where !view.showsHelp:
            wantsUsers = true
            attendance.next = min(attendance.next, Clock.monotonic())
        default: view.take(key, start: start)
        }
        return true
    }

    // MARK: - The daemon

    /// Does what is due, and takes what has come.
    private mutating func converse(now: Int64) {
        do throws(ClientFault) {
            if link == nil, now >= attendance.next {
                // As in `top`: whoever waits in its queue would not see a key meanwhile.
                link = try MapLink(socketDirectory: options.socketDirectory, kinds: options.kinds, users: options.users, patience: 0)
            }
            for news in try link?.take(now: now) ?? [] { take(news) }
            if let link, link.askedAt == nil, now >= attendance.next || asked != view.bounds {
                asked = view.bounds
                attendance.next = now + Self.interval
                try link.ask(asked.params(level: view.level), withUsers: wantsUsers, now: now)
                wantsUsers = false
            }
            try attendance.expect(askedAt: link?.askedAt, now: now)
        } catch {
            link = nil
            attendance.lost(error, now: now)
        }
    }

    private mutating func take(_ news: MapLink.News) {
        switch news {
        case .map(let answer): model.take(answer)
        case .halos(let halos, let silent): (model.halos, model.silent) = (halos, silent)
        }
        attendance.answered()
    }

    // MARK: - The picture

    private func picture(now: Int64) -> MapScreen {
        let trouble = attendance.trouble(askedAt: link?.askedAt, now: now)
        return MapScreen(model, view: view, trouble: trouble, size: screen.size, isUnicode: options.isUnicode)
    }

    private func draw() -> Bool { screen.draw(picture(now: Clock.monotonic()).lines) }
}
