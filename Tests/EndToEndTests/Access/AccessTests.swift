// Section 7 of the contract, peer by peer, over real sockets. What is expected is written down here from the contract, and shares nothing
// with the daemon's own table.

import Foundation
import Testing
import VicinityClient

@Suite("Access: who may do what")
struct AccessTests {
    /// i ingest, e events, o observer, r relay, a admin.
    static let roles = Array(everything)
    static let keys = ["access.ingest", "access.events", "access.control.observer", "access.control.relay", "access.control.admin"]

    /// Who may call it: one of these roles is enough.
    static let methods = """
        oa status
        a  subjects.put
        a  subjects.remove
        a  subjects.get
        a  subjects.list
        a  subjects.replace_begin
        a  subjects.replace_commit
        a  subjects.replace_abort
        a  subjects.suspend
        a  subjects.resume
        a  users.get
        a  users.forget
        ra nearby
        ra details
        ra reports.create
        a  reports.list
        a  reports.resolve
        a  explain
        a  audit.list
        a  audit.verify
        a  subscribers.list
        a  subscribers.remove
        a  config.get
        a  config.reload
        a  log.prune
        oa metrics
        oa map
        a  privacy.rotate_key
        """.split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            return (roles: Set(words[0]), name: words[1])
        }

    // MARK: - The settings, and who comes

    /// Accounts that every Linux has; one of each for every role.
    static let userNames = ["daemon", "bin", "sys", "games", "nobody"]
    static let groupNames = ["tty", "disk", "mail", "audio", "video"]

    static func userListed(_ role: Int) -> UInt32 { 61_001 + UInt32(role) }
    static func groupListed(_ role: Int) -> UInt32 { 62_001 + UInt32(role) }

    /// Each role for a user and a group by name, and a user and a group by number.
    static let config: String = {
        func line(_ role: Int) -> String {
            "{ users: [\(userNames[role]), \(userListed(role))], groups: [\(groupNames[role]), \(groupListed(role))] }"
        }
        return Daemon.plain + """
            access:
              ingest: \(line(0))
              events: \(line(1))
              control:
                observer: \(line(2))
                relay: \(line(3))
                admin: \(line(4))

            """
    }()

    /// Everybody who tries, with the roles that the settings give them.
    static func peers() throws -> [(peer: Peer, roles: String)] {
        var peers: [(peer: Peer, roles: String)] = []
        func add(_ peer: Peer, _ roles: String) { peers.append((peer, roles)) }
        let many = [UInt32](68_000..<68_040)
        for (place, letter) in roles.enumerated() {
            let role = String(letter)
            let user = try userNumber(userNames[place])
            let group = try groupNumber(groupNames[place])
            let number = groupListed(place)
            add(Peer("\(role), a user by name", user: user), role)
            add(Peer("\(role), a user by number", user: userListed(place)), role)
            add(Peer("\(role), by the name of the primary group", group: group), role)
            add(Peer("\(role), by the number of the primary group", group: number), role)
            add(Peer("\(role), by the name of a supplementary group", groups: [68_000, group]), role)
            add(Peer("\(role), by the number of a supplementary group", groups: [number, 68_000]), role)
            add(Peer("\(role), by the last of many groups", groups: many + [number]), role)
            // The number of a user is no group's, and that of a group no user's.
            add(Peer("groups with the number of a user of \(role)", group: userListed(place), groups: [userListed(place)]), "")
            add(Peer("a user with the number of a group of \(role)", user: number), "")
            for other in roles.indices where other > place {
                let both = role + String(roles[other])
                add(Peer("\(both), by two kinds of group", group: group, groups: [groupListed(other)]), both)
            }
        }
        add(Peer("a stranger"), "")
        add(Peer("a stranger of many groups", groups: many), "")
        add(Peer("root's group", group: 0, groups: [0]), "")
        add(Peer("root", user: 0), everything)
        add(Peer("all roles at once", user: userListed(4), group: groupListed(3), groups: [0, 1, 2].map(groupListed)), everything)
        return peers
    }

    static let everything = "ieora"

    // MARK: - The table

    @Test("Every peer, every socket, every method: exactly what the contract gives")
    func table() throws {
        try Peer.requireRoot()
        let daemon = try Daemon.running(config: Self.config)
        try Peer.letIn(to: daemon)
        for (peer, roles) in try Self.peers() { try expect(peer, toHave: roles, at: daemon) }
        #expect(try daemon.complaints() == [])
    }

    @Test("The daemon's own user may do everything, and root too; nobody else is its own user")
    func ownUser() throws {
        try Peer.requireRoot()
        let own: UInt32 = 64_001
        let daemon = try Daemon(
            config: Self.config, prelude: "exec setpriv --reuid=\(own) --regid=\(own) --clear-groups \"$0\" \"$@\"")
        try Peer.letIn(to: daemon)
        guard chown(daemon.directory, own, own) == 0 else { throw Failure("chown: \(String(cString: strerror(errno)))") }
        try daemon.start()
        for (peer, roles) in [
            (Peer("the daemon's own user", user: own), Self.everything), (Peer("root", user: 0), Self.everything),
            (Peer("the daemon's own group", group: own, groups: [own]), ""), (Peer("a stranger"), ""),
            (Peer("a relay", user: Self.userListed(3)), "r"),
        ] { try expect(peer, toHave: roles, at: daemon) }
        try daemon.stop()
    }

    private func expect(_ peer: Peer, toHave roles: String, at daemon: Daemon) throws {
        try expectIngest(peer, isOpen: roles.contains("i"), at: daemon)
        try expectEvents(peer, isOpen: roles.contains("e"), at: daemon)
        try expectControl(peer, roles, at: daemon)
    }

    private func expectIngest(_ peer: Peer, isOpen: Bool, at daemon: Daemon) throws {
        let socket = try peer.connect(to: "ingest", of: daemon)
        guard isOpen else { return try expectForbidden(socket, peer, "ingest") }
        try socket.send("\n")
        #expect(try Answer(socket.nextLine()) == .ack(1), "\(peer.name)")
    }

    private func expectEvents(_ peer: Peer, isOpen: Bool, at daemon: Daemon) throws {
        let socket = try peer.connect(to: "events", of: daemon)
        guard isOpen else { return try expectForbidden(socket, peer, "events") }
        try socket.send("{\"subscribe\":{}}\n")
        #expect(try socket.json()["subscribed"] != nil, "\(peer.name)")
    }

    /// All methods on one connection, which so must outlive each that is forbidden.
    private func expectControl(_ peer: Peer, _ roles: String, at daemon: Daemon) throws {
        let socket = try peer.connect(to: "control", of: daemon)
        guard roles.contains(where: "ora".contains) else { return try expectForbidden(socket, peer, "control") }
        for (number, method) in Self.methods.enumerated() {
            try socket.send("{\"jsonrpc\":\"2.0\",\"id\":\(number),\"method\":\"\(method.name)\"}\n")
            let response = try socket.json()
            #expect(response["id"]?.integer == Int64(number), "\(peer.name): \(method.name)")
            let error = response["error"]
            let isForbidden = error?["code"]?.integer == -32001
            #expect(isForbidden == method.roles.isDisjoint(with: roles), "\(peer.name): \(method.name): \(response.text)")
            #expect((error?["data"]?["code"]?.string == "forbidden") == isForbidden, "\(response.text)")
            if isForbidden { #expect(error?["message"]?.string?.isEmpty == false && response["result"] == nil, "\(response.text)") }
        }
    }

    /// One line, and the end, whatever is sent.
    private func expectForbidden(_ socket: LineSocket, _ peer: Peer, _ name: String) throws {
        let lines = try socket.linesToEnd()
        #expect(lines.count == 1, "\(peer.name) on \(name): \(lines)")
        let answer = try JSONValue(parsing: lines.first ?? "null")
        #expect(answer["error"]?["code"]?.string == "forbidden", "\(peer.name) on \(name): \(lines)")
        #expect(answer["error"]?["message"]?.string?.isEmpty == false, "\(lines)")
        #expect(answer.members?.count == 1, "\(lines)")
    }

    // MARK: - What is said of it, and when it changes

    @Test("Who has no role is logged by socket and number, and nothing that it said is; what it said has no effect")
    func logged() throws {
        try Peer.requireRoot()
        let daemon = try Daemon.running(config: Self.config)
        try Peer.letIn(to: daemon)
        let canary = "canary-4711"
        let lines = [
            "ingest": fix(canary, 12.3456789, 0, 1), "events": "{\"subscribe\":{\"users\":[\"\(canary)\"]}}",
            "control": "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"users.get\",\"params\":{\"user\":\"\(canary)\"}}",
        ]
        for (name, line) in lines.sorted(by: { $0.key < $1.key }) {
            let socket = try Peer("a stranger", user: 65_123).connect(to: name, of: daemon)
            // It may be closed already.
            try? socket.send(line + "\n")
            _ = try? socket.linesToEnd()
        }
        let log = try eventually("three lines of the log") {
            let text = try String(contentsOfFile: "\(daemon.directory)/log", encoding: .utf8)
            return lines.keys.allSatisfy { text.contains(" warning a peer without a role was refused on \($0).sock: uid 65123\n") }
                ? text : nil
        }
        #expect(!log.contains(canary) && !log.contains("12.3456789"), "\(log)")
        #expect(try daemon.result("status")["users"]?.integer == 0)
        #expect(try daemon.result("status")["fixes"]?["accepted"]?.integer == 0)
        for name in ["ingest", "events"] { #expect(try daemon.result("status")["connections"]?[name]?.integer == 0) }
    }

    @Test("A reload gives and takes roles, also those of who is connected to control.sock")
    func reload() throws {
        try Peer.requireRoot()
        let daemon = try Daemon.running(config: Self.config)
        try Peer.letIn(to: daemon)
        let observer = Peer("an observer", user: Self.userListed(2))
        let connected = try observer.connect(to: "control", of: daemon)
        let request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n"
        try connected.send(request)
        #expect(try connected.json()["result"] != nil)
        try daemon.write(config: Daemon.plain + "access:\n  events: { users: [\(observer.user)] }\n")
        try daemon.result("config.reload")
        try connected.send(request)
        #expect(try connected.json()["error"]?["code"]?.integer == -32001)
        try expect(observer, toHave: "e", at: daemon)
    }

    @Test("A name that does not exist matches nobody, is warned of at the start and at a reload, and stops neither")
    func unknownNames() throws {
        try Peer.requireRoot()
        let names = "{ users: [vicinity-none, \(Self.userListed(0))], groups: [vicinity-none-either] }"
        let config = Daemon.plain + "access:\n  ingest: \(names)\n"
        let daemon = try Daemon.running(config: config)
        try Peer.letIn(to: daemon)
        func warnings() throws -> Int {
            let log = try String(contentsOfFile: "\(daemon.directory)/log", encoding: .utf8)
            let sentence =
                "warning access: there are none of these, and they match nobody: "
                + "user \"vicinity-none\" (access.ingest), group \"vicinity-none-either\" (access.ingest)"
            // The groups of the package may be there or not, so that more may follow.
            return log.split(separator: "\n").count { $0.contains(sentence) }
        }
        #expect(try warnings() == 1)
        try expect(Peer("the other one", user: Self.userListed(0)), toHave: "i", at: daemon)
        try expect(Peer("a stranger"), toHave: "", at: daemon)
        // A number that is missing is -1 in the kernel's words, and the last number of all.
        try expect(Peer("nearly nobody", user: .max - 1, group: .max - 1), toHave: "", at: daemon)
        try daemon.result("config.reload")
        #expect(try warnings() == 2)
    }
}
