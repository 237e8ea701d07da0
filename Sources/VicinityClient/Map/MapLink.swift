// One connection to the daemon, and where it is in its round: first the map, then the users whose halos are drawn, if they are asked for.

/// A class, for it is there or not, and Swift does not borrow what is inside an optional.
final class MapLink {
    /// What has come.
    enum News {
        case map(MapAnswer)
        /// All users have been asked for.
        case halos([MapHalo], silent: [String])
    }

    private enum Asked {
        case map
        /// The place in the list of users.
        case user(Int)
    }

    private var control: ControlClient
    /// For sentences.
    private let socket: String
    private let kinds: [String]
    private let users: [String]
    private var asked: Asked?
    private var asksUsers = false
    private var halos: [MapHalo] = []
    private var silent: [String] = []
    /// When what is waited for was asked, in the caller's milliseconds; `nil` if nothing is.
    private(set) var askedAt: Int64?

    /// - Parameter patience: how long the daemon may accept nobody, in milliseconds.
    init(
        socketDirectory: String, kinds: [String], users: [String], patience: Int32 = ControlClient.patience
    ) throws(ClientFault) {
        control = try ControlClient(socketDirectory: socketDirectory, patience: patience)
        socket = "\(socketDirectory)/control.sock"
        self.kinds = kinds
        self.users = users
    }

    /// For `poll`: readable when ``take()`` has something to do.
    var rawDescriptor: CInt { control.rawDescriptor }

    // MARK: - At once

    /// The answer as it is.
    func answer(_ params: [JSONValue.Member]) throws(ClientFault) -> JSONValue { try control.call("map", params) }

    /// The map, for which nothing else has to be done meanwhile.
    func map(_ params: [JSONValue.Member]) throws(ClientFault) -> MapAnswer { try read(try control.call("map", params)) }

    /// The users' halos, likewise, and who has none.
    ///
    /// - Throws: also if the daemon does not know one of them.
    func haloes() throws(ClientFault) -> (halos: [MapHalo], silent: [String]) {
        for user in users {
            note(try Self.named(user) { () throws(ClientFault) in try control.call("users.get", Self.params(of: user)) }, user)
        }
        defer { (halos, silent) = ([], []) }
        return (halos, silent)
    }

    private static func named<Value>(_ user: String, _ body: () throws(ClientFault) -> Value) throws(ClientFault) -> Value {
        do throws(ClientFault) {
            return try body()
        } catch {
            guard case .rpc(_, let refusal) = error, refusal.word == "unknown_user" else { throw error }
            throw .refused("there is no user \(user.terminalSafe)")
        }
    }

    private func read(_ answer: JSONValue) throws(ClientFault) -> MapAnswer {
        guard let map = MapAnswer(answer, kinds: kinds) else { throw .lost(socket: socket, why: "the answer to map is none") }
        return map
    }

    private func note(_ answer: JSONValue, _ user: String) {
        if let halo = MapHalo(answer) { halos.append(halo) } else { silent.append(user) }
    }

    private static func params(of user: String) -> [JSONValue.Member] {
        [JSONValue.Member("user", .string(user)), JSONValue.Member("position", .bool(true))]
    }

    // MARK: - Without waiting

    /// Begins a round.
    ///
    /// - Parameters:
    ///   - withUsers: asks for their positions too.
    ///   - now: milliseconds.
    func ask(_ params: [JSONValue.Member], withUsers: Bool, now: Int64) throws(ClientFault) {
        asksUsers = withUsers && !users.isEmpty
        try ask(.map, "map", params, now: now)
    }

    private func ask(_ what: Asked, _ method: String, _ params: [JSONValue.Member], now: Int64) throws(ClientFault) {
        var encoded: [UInt8] = []
        JSONValue.object(params).encode(into: &encoded)
        (asked, askedAt) = (what, now)
        try control.ask(method, encodedParams: encoded)
    }

    /// Goes on with the round, as far as answers are there.
    func take(now: Int64) throws(ClientFault) -> [MapLink.News] {
        var news: [News] = []
        while let (what, result) = try next() {
            switch what {
            case .map:
                if let result { news.append(.map(try read(result))) }
                if asksUsers { try askUser(0, now: now) }
            case .user(let place):
                // Who has signed off since has no halo any more.
                if let result { note(result, users[place]) } else { silent.append(users[place]) }
                if place + 1 < users.count {
                    try askUser(place + 1, now: now)
                } else {
                    news.append(.halos(halos, silent: silent))
                    (halos, silent) = ([], [])
                }
            }
        }
        return news
    }

    private func askUser(_ place: Int, now: Int64) throws(ClientFault) {
        try ask(.user(place), "users.get", Self.params(of: users[place]), now: now)
    }

    /// The next answer, and to what; of a user who is unknown, nothing.
    private func next() throws(ClientFault) -> (Asked, JSONValue?)? {
        do throws(ClientFault) {
            guard let answer = try control.answer(), let what = asked else { return nil }
            (asked, askedAt) = (nil, nil)
            return (what, answer)
        } catch {
            guard case .rpc(_, let refusal) = error, refusal.word == "unknown_user", let what = asked, case .user = what else {
                throw error
            }
            (asked, askedAt) = (nil, nil)
            return (what, nil)
        }
    }
}
