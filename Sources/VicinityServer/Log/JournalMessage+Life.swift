import VicinityConfiguration

// Coming up, going down, and why not.

extension JournalMessage {
    /// - Parameter milliseconds: since the start.
    static func ready(users: Int, subjects: Int, head: Int64, milliseconds: Int64) -> JournalMessage {
        JournalMessage(
            .ready, "ready: \(users) users, \(subjects) subjects, head \(head), after \(milliseconds) ms",
            ["users": users, "subjects": subjects, "head": head, "milliseconds": milliseconds])
    }

    static var stopping: JournalMessage { JournalMessage(.stopping, "stopping") }

    static func stopped(head: Int64) -> JournalMessage { JournalMessage(.stopped, "stopped, head \(head)", ["head": head]) }

    static func checkingLog(bytes: Int64) -> JournalMessage {
        JournalMessage(
            .checkingLog, "checking all of the log, \(bytes >> 20) MiB, since it was not closed in order", ["bytes": bytes])
    }

    static var logBegun: JournalMessage { JournalMessage(.logBegun, "beginning a new log, since there is none") }

    static func migratingLog(from old: Int, to new: Int) -> JournalMessage {
        JournalMessage(.migratingLog, "bringing the log from format \(old) to \(new)", ["from": old, "to": new])
    }

    static func restoringState(pieces: Int, seconds: Int64) -> JournalMessage {
        JournalMessage(
            .restoringState, "restoring the state: \(pieces) pieces read in \(seconds) s", ["pieces": pieces, "seconds": seconds])
    }

    package static var coreDumpsPossible: JournalMessage {
        JournalMessage(.coreDumpsPossible, "core dumps cannot be switched off; one would hold positions")
    }

    /// Why the daemon does not start, or ended: a message for each line of the reason.
    package static func refusals(_ failure: StartFailure) -> [JournalMessage] {
        let kind: MessageKind? =
            switch failure.status {
            case .stopped: nil
            case .usage: .wrongUsage
            case .software: .programFault
            case .directory: .directoryUnusable
            case .store: .logUnusable
            case .taken: .alreadyRunning
            case .configuration: .wrongConfiguration
            }
        guard let kind else { return [] }
        return failure.description.split(separator: "\n").map { line in
            JournalMessage(kind, "\(OperatorText(String(line)))", ["status": Int(failure.status.rawValue)])
        }
    }
}
