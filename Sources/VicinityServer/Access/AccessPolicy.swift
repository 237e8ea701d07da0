package import VicinityConfiguration

/// Who may do what: the names of `access`, looked up once, as numbers to compare a peer's credentials with.
///
/// Names are looked up when the policy is made, at start and at each reload, so that a connection costs no look-up, and a slow
/// directory service no gateway its connection. Groups are those of the peer's process, not those that a directory lists for its user.
package struct AccessPolicy: Sendable, Equatable {
    private var users: [UInt32: Roles] = [:]
    private var groups: [UInt32: Roles] = [:]

    /// The policy of `access`, and sentences that name whoever matches nobody: one of all that do not exist, since at a start by hand that is often
    /// all of them, and one of each that could not be looked up.
    ///
    /// - Parameter ownUser: the daemon's user, who may do everything, as root may.
    package static func resolve(
        _ access: Configuration.Access, ownUser: UInt32, in directory: some AccountDirectory
    ) -> (policy: AccessPolicy, warnings: [String]) {
        var policy = AccessPolicy()
        var doubts = Doubts()
        policy.users[0] = .all
        policy.users[ownUser] = .all
        for (path, roles, principals) in access.byPath {
            for user in principals.users {
                guard let number = number(of: user, "user", path, &doubts, look: directory.user(named:)) else { continue }
                policy.users[number, default: []].formUnion(roles)
            }
            for group in principals.groups {
                guard let number = number(of: group, "group", path, &doubts, look: directory.group(named:)) else { continue }
                policy.groups[number, default: []].formUnion(roles)
            }
        }
        return (policy, doubts.sentences)
    }

    /// What a peer may do.
    ///
    /// - Parameters:
    ///   - user: of its process, when it connected; so are the others.
    ///   - group: the primary one.
    ///   - groups: the supplementary ones; the primary one may be among them.
    package func roles(user: UInt32, group: UInt32, groups supplementary: [UInt32]) -> Roles {
        var roles = users[user, default: []].union(groups[group, default: []])
        for group in supplementary { roles.formUnion(groups[group, default: []]) }
        return roles
    }

    private static func number(
        of principal: Configuration.Principal, _ noun: String, _ path: String, _ doubts: inout Doubts,
        look: (String) -> AccountLookup
    ) -> UInt32? {
        let name: String
        switch principal {
        case .number(let number): return number
        case .name(let text): name = text
        }
        switch look(name) {
        case .found(let number): return number
        case .absent:
            doubts.absent.append((path, "\(noun) \(ConfigurationValue.quoted(name))"))
        case .failed(let why):
            doubts.failures.append(
                "\(path): the \(noun) \(ConfigurationValue.quoted(name)) cannot be looked up (\(why)); it matches nobody")
        }
        return nil
    }
}

/// Names that match nobody.
private struct Doubts {
    /// Where in the configuration, and who: `group "gateways"`.
    var absent: [(path: String, who: String)] = []
    var failures: [String] = []

    var sentences: [String] {
        switch absent.count {
        case 0: failures
        case 1: ["\(absent[0].path): there is no \(absent[0].who); it matches nobody"] + failures
        default:
            [
                "access: there are none of these, and they match nobody: "
                    + absent.map { "\($0.who) (\($0.path))" }.joined(separator: ", ")
            ] + failures
        }
    }
}

extension Configuration.Access {
    fileprivate var byPath: [(path: String, roles: Roles, principals: Configuration.Principals)] {
        [
            ("access.ingest", .ingest, ingest), ("access.events", .events, events),
            ("access.control.observer", .observer, control.observer), ("access.control.relay", .relay, control.relay),
            ("access.control.admin", .admin, control.admin),
        ]
    }
}
