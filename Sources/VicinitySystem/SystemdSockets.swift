import CSystemd
import Glibc

/// What systemd passed: the listening sockets, by the names of their units' `FileDescriptorName=`, and what it has kept for us since the last start.
package struct SystemdSockets: Equatable, Sendable {
    /// A descriptor for each name that is expected.
    package var listening: [String: CInt]
    /// Descriptors by the names under which they were given to the manager to keep: that of a socket, a hyphen, and something.
    package var kept: [String: [CInt]]

    /// Why the sockets cannot be used. All are mistakes in the units, which no restart mends.
    package enum Problem: Error, Equatable, CustomStringConvertible {
        case unknown(names: [String], expected: [String])
        case missing(names: [String])
        case twice(name: String)
        case unreadable(code: Int32)

        package var description: String {
            switch self {
            case .unknown(let names, let expected):
                "systemd passed a socket named \(list(names)), must be one of \(list(expected)) (FileDescriptorName= of the socket units)"
            case .missing(let names):
                "systemd passed no socket named \(list(names)); enable and start its socket unit, or pass no socket at all"
            case .twice(let name):
                "systemd passed two sockets named \(name)"
            case .unreadable(let code):
                "cannot read the sockets that systemd passed: \(String(cString: strerror(code)))"
            }
        }

        private func list(_ names: [String]) -> String { names.joined(separator: ", ") }
    }

    /// Takes the passed sockets; call it once, before other threads run, for it removes the variables from the environment.
    ///
    /// - Parameter expected: the names that must be there, each once, and no other but what is kept for them.
    /// - Returns: descriptors, now the caller's and closed on exec; nil if nothing was passed.
    package static func take(expecting expected: [String]) throws(Problem) -> SystemdSockets? {
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &list)
        guard count >= 0 else { throw .unreadable(code: -count) }
        guard count > 0, let list else { return nil }
        var names: [String] = []
        for index in 0..<Int(count) {
            names.append(list[index].map { String(cString: $0) } ?? "")
            free(list[index])
        }
        free(list)
        return try match(names, expected: expected)
    }

    /// Pairs the names, in the order of the descriptors from 3 on, with what is expected.
    static func match(_ names: [String], expected: [String]) throws(Problem) -> SystemdSockets {
        var found: [String: CInt] = [:]
        var kept: [String: [CInt]] = [:]
        var unknown: [String] = []
        for (descriptor, name) in zip(CInt(SD_LISTEN_FDS_START)..., names) {
            if expected.contains(name) {
                guard found.updateValue(descriptor, forKey: name) == nil else { throw .twice(name: name) }
            } else if expected.contains(where: { name.hasPrefix("\($0)-") }) {
                kept[name, default: []].append(descriptor)
            } else {
                unknown.append(name)
            }
        }
        guard unknown.isEmpty else { throw .unknown(names: unknown.map { $0.isEmpty ? "\"\"" : $0 }, expected: expected) }
        let missing = expected.filter { found[$0] == nil }
        guard missing.isEmpty else { throw .missing(names: missing) }
        return SystemdSockets(listening: found, kept: kept)
    }
}
