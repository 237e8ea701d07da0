import Glibc

/// A directory of the daemon and where its name came from, which decides whether it may be made.
package struct Directory: Sendable, Equatable {
    package enum Role: Sendable, Equatable {
        /// Holds the database and the lock; nobody else may look.
        case state
        /// Holds the sockets; everybody may pass.
        case runtime
        /// Holds the configuration file.
        case configuration
    }

    package enum Origin: Sendable, Equatable {
        case flag
        case environment
        case fallback
    }

    package let role: Role
    package let path: String
    package let origin: Origin

    /// Finds a directory: the flag, else the first of the environment's colon-separated list, else the place of a packaged daemon.
    ///
    /// - Parameter flag: nil or empty if not given.
    package init(_ role: Role, flag: String?, environment: [String: String]) {
        self.role = role
        if let flag, !flag.isEmpty {
            (path, origin) = (flag, .flag)
        } else if let first = environment[role.variable]?.split(separator: ":").first {
            (path, origin) = (String(first), .environment)
        } else {
            (path, origin) = (role.fallback, .fallback)
        }
    }

    /// Makes sure that files can be made in the directory. One that was named by a flag is made if it is missing, with its parents.
    package func prepare() throws(Problem) {
        if origin == .flag { try makeIfMissing() }
        var found = stat()
        guard stat(path, &found) == 0 else { throw problem(errno == ENOENT ? .missing : .code(errno)) }
        guard found.st_mode & S_IFMT == S_IFDIR else { throw problem(.noDirectory) }
        // With the effective identity, as open() will; this also sees a read-only file system.
        guard faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0 else { throw problem(.notWritable(errno)) }
    }

    private func makeIfMissing() throws(Problem) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            let part = String(path[..<end])
            let isLast = path[end...].allSatisfy { $0 == "/" }
            let mode = isLast ? role.mode : 0o755
            if mkdir(part, mode) == 0 {
                // mkdir's mode passes through the umask.
                guard chmod(part, mode) == 0 else { throw problem(.code(errno)) }
            } else if errno != EEXIST {
                throw problem(.notMade(errno))
            }
        }
    }

    private func problem(_ why: Problem.Why) -> Problem { Problem(directory: self, why: why) }
}

extension Directory {
    /// Why a directory cannot be used. The description is one sentence for an operator.
    package struct Problem: Error, Equatable, CustomStringConvertible {
        package enum Why: Sendable, Equatable {
            case missing
            case noDirectory
            case notWritable(Int32)
            case notMade(Int32)
            case code(Int32)
        }

        package let directory: Directory
        package let why: Why

        package var description: String {
            let subject = "the \(directory.role.name) directory \(directory.path)"
            let advice = directory.role.flag.map { "; make it, or name another with \($0)" } ?? ""
            return switch why {
            case .missing: "\(subject) does not exist\(advice)"
            case .noDirectory: "\(subject) is not a directory"
            case .notWritable(let code): "\(subject) is not writable: \(text(code))"
            case .notMade(let code): "cannot make \(subject): \(text(code))"
            case .code(let code): "cannot use \(subject): \(text(code))"
            }
        }

        private func text(_ code: Int32) -> String { String(cString: strerror(code)) }
    }
}

extension Directory.Role {
    fileprivate var name: String {
        switch self {
        case .state: "state"
        case .runtime: "runtime"
        case .configuration: "configuration"
        }
    }

    fileprivate var variable: String {
        switch self {
        case .state: "STATE_DIRECTORY"
        case .runtime: "RUNTIME_DIRECTORY"
        case .configuration: "CONFIGURATION_DIRECTORY"
        }
    }

    fileprivate var fallback: String {
        switch self {
        case .state: "/var/lib/vicinity"
        case .runtime: "/run/vicinity"
        case .configuration: "/etc/vicinity"
        }
    }

    fileprivate var flag: String? {
        switch self {
        case .state: "--state-dir"
        case .runtime: "--runtime-dir"
        case .configuration: nil
        }
    }

    fileprivate var mode: mode_t {
        switch self {
        case .state: 0o700
        case .runtime, .configuration: 0o755
        }
    }
}
