import Glibc

/// What a look-up of a user's or group's name came to.
package enum AccountLookup: Sendable, Equatable {
    case found(UInt32)
    case absent
    /// The directory did not answer; the system's words.
    case failed(String)
}

/// Where names of users and groups are looked up; may block.
package protocol AccountDirectory {
    func user(named name: String) -> AccountLookup
    func group(named name: String) -> AccountLookup
}

/// The system's own: whatever nsswitch.conf(5) says.
package struct SystemAccounts: AccountDirectory, Sendable {
    package init() {}

    package func user(named name: String) -> AccountLookup {
        var entry = passwd()
        return look { buffer, found in
            var result: UnsafeMutablePointer<passwd>?
            let code = getpwnam_r(name, &entry, &buffer, buffer.count, &result)
            found = result?.pointee.pw_uid
            return code
        }
    }

    package func group(named name: String) -> AccountLookup {
        var entry = Glibc.group()
        return look { buffer, found in
            var result: UnsafeMutablePointer<Glibc.group>?
            let code = getgrnam_r(name, &entry, &buffer, buffer.count, &result)
            found = result?.pointee.gr_gid
            return code
        }
    }

    /// A group's entry holds the names of all members, so one may be large; more than this is none that we wait for.
    private static let largestEntry = 16 << 20

    /// Calls a reentrant function with ever larger buffers until the entry fits.
    private func look(_ call: (_ buffer: inout [CChar], _ found: inout UInt32?) -> CInt) -> AccountLookup {
        var size = 4096
        while true {
            var buffer = [CChar](repeating: 0, count: size)
            var found: UInt32?
            let code = call(&buffer, &found)
            switch code {
            case 0, ENOENT, ESRCH, EBADF, EPERM: return found.map(AccountLookup.found) ?? .absent  // so says getpwnam_r(3)
            case EINTR: continue
            case ERANGE where size < Self.largestEntry: size *= 4
            default: return .failed(strerror(code).map { String(cString: $0) } ?? "error \(code)")
            }
        }
    }
}
