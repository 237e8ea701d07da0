import Synchronization

/// The clients of a server that are accepted and not served yet; any thread may tell and ask.
final class Arrivals: Sendable {
    private struct State {
        var under: Set<ObjectIdentifier> = []
        var whenNone: (@Sendable () -> Void)?

        mutating func takeIfNone() -> (@Sendable () -> Void)? {
            guard under.isEmpty else { return nil }
            defer { whenNone = nil }
            return whenNone
        }
    }

    private let state = Mutex(State())

    var areNone: Bool { state.withLock(\.under.isEmpty) }

    /// A client was accepted.
    ///
    /// - Parameter client: of its channel.
    func begin(_ client: ObjectIdentifier) { state.withLock { _ = $0.under.insert(client) } }

    /// A client is served, or has gone; told more than once, it counts once.
    func end(_ client: ObjectIdentifier) {
        let told = state.withLock { state in
            state.under.remove(client) == nil ? nil : state.takeIfNone()
        }
        told?()
    }

    /// Calls once, on any thread, perhaps at once, when there is none.
    func whenNone(_ body: @escaping @Sendable () -> Void) {
        let told = state.withLock { state in
            state.whenNone = body
            return state.takeIfNone()
        }
        told?()
    }
}
