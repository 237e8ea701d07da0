import VicinityPipeline
import VicinityStore

// The log, the disk under it, and what time and an installation's keys do to it.

extension JournalMessage {
    static func logRenewed(_ renewal: Renewal) -> JournalMessage {
        func message(_ sentence: Sentence, _ reason: String, _ lost: Int64) -> JournalMessage {
            JournalMessage(.logRenewed, sentence, ["reason": OperatorText(reason), "announced": lost])
        }
        return switch renewal {
        case .isBackup:
            message("a backup was put in place: the log has a new identity, and cursors kept elsewhere are void", "backup", 0)
        case .isOlderCopy(let announced):
            message(
                "the log is an older copy: it had come to event \(announced.seq). It has a new identity, and cursors kept elsewhere are void",
                "older copy", announced.seq)
        case .lostWithPower(let announced):
            message(
                "the machine stopped without syncing, and with it commits were lost (durability: process): the log had come to event \(announced.seq). It has a new identity, and cursors kept elsewhere are void",
                "power", announced.seq)
        }
    }

    static func logNotClosed(_ error: any Error) -> JournalMessage {
        let why = OperatorText("\(error)")
        return JournalMessage(.logNotClosed, "the log was not closed in order; it will be checked at the next start: \(why)", ["why": why])
    }

    static func storeFailed(_ fault: StoreFault) -> JournalMessage {
        JournalMessage(.storeFailed, "the store failed, the daemon ends: \(fault)", ["why": fault])
    }

    static func storeWaits(_ fault: StoreFault) -> JournalMessage {
        JournalMessage(
            .storeWaits, "the store waits, and nothing is acknowledged until it works again: \(fault)", ["why": fault], trouble: "")
    }

    static var storeWorksAgain: JournalMessage { JournalMessage(.storeWorksAgain, "the store works again", trouble: "") }

    /// - Parameter reason: a fault of the store, in words.
    static func logUnreadable(_ reason: String) -> JournalMessage {
        let why = OperatorText(reason)
        return JournalMessage(.logUnreadable, "the log could not be read for a subscriber: \(why)", ["why": why], trouble: "")
    }

    static func erasureFails(_ fault: StoreFault) -> JournalMessage {
        JournalMessage(.erasureFails, "a user who is to be forgotten cannot be taken out of the log: \(fault)", ["why": fault], trouble: "")
    }

    static var erasureWorksAgain: JournalMessage { JournalMessage(.erasureWorksAgain, "users can be forgotten again", trouble: "") }

    static func retentionFails(_ fault: StoreFault) -> JournalMessage {
        JournalMessage(.retentionFails, "old events cannot be removed: \(fault)", ["why": fault], trouble: "")
    }

    /// - Parameter entry: the first that the break may lie before.
    static func auditBroken(before entry: Int64) -> JournalMessage {
        JournalMessage(
            .auditBroken,
            "the audit log is not what was written before entry \(entry), or has another key; audit.verify tells where", ["entry": entry])
    }

    static func auditEntriesStay(_ damage: StoreFault) -> JournalMessage {
        JournalMessage(
            .auditEntriesStay, "old audit entries stay, they are not what was written: \(damage)", ["why": damage], trouble: "")
    }

    /// - Parameter milliseconds: below 0 if it was set back.
    static func clockSet(by milliseconds: Int64) -> JournalMessage {
        JournalMessage(
            .clockSet, "the system's clock was set by \(milliseconds) ms; nothing is removed for its age while it may be wrong",
            ["milliseconds": milliseconds], trouble: "")
    }

    static var cellsKeyChanged: JournalMessage {
        let file = OperatorText(PrecisionKey.fileName)
        let credential = OperatorText(PrecisionKey.credential)
        return JournalMessage(
            .cellsKeyChanged,
            "the key of the cells (\(file), or the credential \(credential)) is another one than before: subjects with a precision go to the centres of their new cells"
        )
    }

    static var rotationGoesOn: JournalMessage {
        JournalMessage(.rotationGoesOn, "a rotation of the key of the cells was cut short: it goes on")
    }
}
