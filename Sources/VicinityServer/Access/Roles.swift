/// What a peer may do; roles add up.
package struct Roles: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// May push fixes.
    package static let ingest = Roles(rawValue: 1 << 0)
    /// May subscribe.
    package static let events = Roles(rawValue: 1 << 1)
    /// May read status and metrics, and the map.
    package static let observer = Roles(rawValue: 1 << 2)
    /// May ask what its users may see.
    package static let relay = Roles(rawValue: 1 << 3)
    /// May do everything on the control socket.
    package static let admin = Roles(rawValue: 1 << 4)

    /// Root's, and the daemon's own user's.
    package static let all: Roles = [.ingest, .events, .observer, .relay, .admin]
    /// Any of these admits to the control socket.
    package static let control: Roles = [.observer, .relay, .admin]

    /// Whether the peer may connect to the socket that any of `roles` admits to.
    package func isAdmitted(by roles: Roles) -> Bool { !isDisjoint(with: roles) }

    /// Whether the peer may call a method of the control socket.
    ///
    /// What is not in ``ControlMethod`` is the admin's alone, so that a method that nobody thought about is not open to all.
    package func allows(method: String) -> Bool {
        guard let method = ControlMethod(rawValue: method) else { return contains(.admin) }
        return isAdmitted(by: method.roles)
    }
}

/// The methods of the control socket by their names in the contract.
package enum ControlMethod: String, Sendable, CaseIterable {
    case status
    case subjectsPut = "subjects.put"
    case subjectsRemove = "subjects.remove"
    case subjectsGet = "subjects.get"
    case subjectsList = "subjects.list"
    case subjectsReplaceBegin = "subjects.replace_begin"
    case subjectsReplaceCommit = "subjects.replace_commit"
    case subjectsReplaceAbort = "subjects.replace_abort"
    case subjectsSuspend = "subjects.suspend"
    case subjectsResume = "subjects.resume"
    case usersGet = "users.get"
    case usersForget = "users.forget"
    case nearby
    case details
    case reportsCreate = "reports.create"
    case reportsList = "reports.list"
    case reportsResolve = "reports.resolve"
    case explain
    case auditList = "audit.list"
    case auditVerify = "audit.verify"
    case subscribersList = "subscribers.list"
    case subscribersRemove = "subscribers.remove"
    case configGet = "config.get"
    case configReload = "config.reload"
    case logPrune = "log.prune"
    case privacyRotateKey = "privacy.rotate_key"
    case metrics
    case map

    /// Any of these may call it.
    package var roles: Roles {
        switch self {
        case .status, .metrics, .map: [.observer, .admin]
        case .nearby, .details, .reportsCreate: [.relay, .admin]
        case .subjectsPut, .subjectsRemove, .subjectsGet, .subjectsList, .subjectsReplaceBegin, .subjectsReplaceCommit,
            .subjectsReplaceAbort, .subjectsSuspend, .subjectsResume, .usersGet, .usersForget, .reportsList, .reportsResolve, .explain,
            .auditList, .auditVerify, .subscribersList, .subscribersRemove, .configGet, .configReload, .logPrune,
            .privacyRotateKey:
            .admin
        }
    }
}
