internal import Glibc

// What the rounds through the daemon met.

extension JournalMessage {
    /// - Parameter milliseconds: half of the manager's patience.
    static func roundsLate(after milliseconds: Int64, waitingFor stage: Vigil.Stage) -> JournalMessage {
        let place = OperatorText(stage.name)
        return JournalMessage(
            .roundsLate, "a round through the daemon takes more than \(milliseconds) ms: it waits for \(place)",
            ["milliseconds": milliseconds, "place": place], trouble: "")
    }

    /// - Parameter fault: an `errno`.
    static func smallWriteFails(_ fault: CInt) -> JournalMessage {
        let why = OperatorText(String(cString: strerror(fault)))
        return JournalMessage(
            .smallWriteFails, "a small write to the state directory fails: \(why)", ["why": why], trouble: "")
    }

    static var roundsInTime: JournalMessage { JournalMessage(.roundsInTime, "rounds through the daemon are in time again", trouble: "") }
}

extension Vigil.Stage {
    /// For the operator.
    fileprivate var name: String {
        switch self {
        case .loop(let place): "event loop \(place)"
        case .engine: "the engine"
        case .store: "the store"
        case .disk: "the disk"
        }
    }
}
