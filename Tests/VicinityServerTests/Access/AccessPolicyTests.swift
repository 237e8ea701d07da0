import Testing
import VicinityConfiguration
import VicinityServer

@Suite("Who may do what")
struct AccessPolicyTests {
    /// A system with few accounts, and a directory server that is down for the name "remote".
    struct Accounts: AccountDirectory {
        var users = ["alice": UInt32(1001), "bob": 1002]
        var groups = ["vicinity-gateway": UInt32(50), "vicinity-relay": 51, "vicinity-observer": 52, "vicinity-admin": 53]

        func user(named name: String) -> AccountLookup { look(name, in: users) }
        func group(named name: String) -> AccountLookup { look(name, in: groups) }

        private func look(_ name: String, in table: [String: UInt32]) -> AccountLookup {
            if name == "remote" { return .failed("Input/output error") }
            return table[name].map(AccountLookup.found) ?? .absent
        }
    }

    static func resolve(_ yaml: String? = nil, ownUser: UInt32 = 900) throws -> (policy: AccessPolicy, warnings: [String]) {
        let file = yaml.map { Configuration.File(path: "f.yaml", contents: Array($0.utf8)) }
        let access = try Configuration.load(file: file, environment: [:]).get().values.access
        return AccessPolicy.resolve(access, ownUser: ownUser, in: Accounts())
    }

    @Test(
        arguments: [
            (user: 0, group: 0, groups: [], roles: Roles.all),  // root
            (user: 900, group: 100, groups: [], roles: .all),  // the daemon's own
            (user: 1001, group: 100, groups: [], roles: []),
            (user: 1001, group: 0, groups: [0], roles: []),  // root's group is not root
            (user: 1001, group: 50, groups: [], roles: .ingest),
            (user: 1001, group: 100, groups: [50], roles: .ingest),
            (user: 1001, group: 100, groups: [7, 51, 8], roles: [.events, .relay]),
            (user: 1001, group: 52, groups: [50, 53], roles: [.ingest, .observer, .admin]),
            (user: 50, group: 100, groups: [900], roles: []),  // a user's number is no group's
        ] as [(user: UInt32, group: UInt32, groups: [UInt32], roles: Roles)])
    func theDefaults(user: UInt32, group: UInt32, groups: [UInt32], roles: Roles) throws {
        let (policy, warnings) = try Self.resolve()
        #expect(policy.roles(user: user, group: group, groups: groups) == roles)
        #expect(warnings == [])
    }

    @Test func namesAndNumbersAddUp() throws {
        let (policy, warnings) = try Self.resolve(
            """
            access:
              ingest: { users: [alice, 1002], groups: [60] }
              events: { users: [bob] }
              control:
                observer: { groups: [60] }
                admin: { users: [1002] }
            """)
        #expect(warnings == [])
        #expect(policy.roles(user: 1001, group: 1, groups: []) == .ingest)
        #expect(policy.roles(user: 1002, group: 1, groups: []) == [.ingest, .events, .admin])
        #expect(policy.roles(user: 5, group: 60, groups: []) == [.ingest, .observer])
        // The default group of ingest was replaced, that of the relay was not.
        #expect(policy.roles(user: 5, group: 50, groups: []) == [])
        #expect(policy.roles(user: 5, group: 51, groups: []) == .relay)
    }

    @Test func oneNameThatDoesNotExistIsASentence() throws {
        let (_, warnings) = try Self.resolve("access:\n  events: { users: [carol] }\n")
        #expect(warnings == ["access.events: there is no user \"carol\"; it matches nobody"])
    }

    @Test func namesThatDoNotExistMatchNobodyAndAreWarnedOf() throws {
        let (policy, warnings) = try Self.resolve(
            """
            access:
              ingest: { users: [carol], groups: [alice] }
              control:
                admin: { users: [remote] }
            """)
        #expect(
            warnings == [
                "access: there are none of these, and they match nobody: user \"carol\" (access.ingest), group \"alice\" (access.ingest)",
                "access.control.admin: the user \"remote\" cannot be looked up (Input/output error); it matches nobody",
            ])
        #expect(policy.roles(user: 1001, group: 1, groups: []) == [])
        #expect(policy.roles(user: .max, group: .max, groups: [.max]) == [])
    }

    @Test func rootAndTheDaemonKeepAllWhateverIsConfigured() throws {
        let (policy, _) = try Self.resolve("access:\n  ingest: { users: [0, 900] }\n  events: {}\n")
        #expect(policy.roles(user: 0, group: 1, groups: []) == .all)
        #expect(policy.roles(user: 900, group: 1, groups: []) == .all)
    }

    @Test func theSystemKnowsRoot() {
        #expect(SystemAccounts().user(named: "root") == .found(0))
        #expect(SystemAccounts().group(named: "root") == .found(0))
        #expect(SystemAccounts().user(named: "vicinity-no-such-user") == .absent)
        #expect(SystemAccounts().group(named: "vicinity-no-such-group") == .absent)
    }
}

@Suite("Roles")
struct RolesTests {
    /// o observer, r relay, - neither; the admin may call all of them, and neither gateways nor subscribers any.
    static let table = """
        o status
        - subjects.put
        - subjects.remove
        - subjects.get
        - subjects.list
        - subjects.replace_begin
        - subjects.replace_commit
        - subjects.replace_abort
        - subjects.suspend
        - subjects.resume
        - users.get
        - users.forget
        r nearby
        r details
        r reports.create
        - reports.list
        - reports.resolve
        - explain
        - audit.list
        - audit.verify
        - subscribers.list
        - subscribers.remove
        - config.get
        - config.reload
        - log.prune
        - privacy.rotate_key
        o metrics
        o map
        """

    @Test func everyMethodForEveryRole() {
        let rows = Self.table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.map { $0[1] } == ControlMethod.allCases.map(\.rawValue))
        for row in rows {
            #expect(Roles.observer.allows(method: row[1]) == (row[0] == "o"), "\(row)")
            #expect(Roles.relay.allows(method: row[1]) == (row[0] == "r"), "\(row)")
            #expect(Roles([.observer, .relay]).allows(method: row[1]) == (row[0] != "-"), "\(row)")
            #expect(Roles.admin.allows(method: row[1]))
            #expect(!Roles([.ingest, .events]).allows(method: row[1]))
            #expect(!Roles([]).allows(method: row[1]))
        }
    }

    @Test func whatIsNoMethodIsTheAdminsAlone() {
        for method in ["", "Status", "status ", "subjects"] {
            #expect(Roles.admin.allows(method: method))
            #expect(!Roles([.observer, .relay, .ingest, .events]).allows(method: method))
        }
    }

    @Test func sockets() {
        #expect(Roles.relay.isAdmitted(by: .control) && Roles.observer.isAdmitted(by: .control) && Roles.admin.isAdmitted(by: .control))
        #expect(!Roles([.ingest, .events]).isAdmitted(by: .control))
        #expect(Roles.ingest.isAdmitted(by: .ingest) && !Roles.admin.isAdmitted(by: .ingest))
        #expect(Roles.events.isAdmitted(by: .events) && !Roles([.admin, .relay]).isAdmitted(by: .events))
    }
}
