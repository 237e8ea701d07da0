import VicinityPipeline

// What is wrong though everything works, and that it is over.

extension JournalMessage {
    static func degraded(_ part: Health.Part, _ sentence: String) -> JournalMessage {
        let reason = OperatorText(part.rawValue)
        let why = OperatorText(sentence)
        return JournalMessage(.degraded, "degraded, \(reason): \(why)", ["reason": reason, "why": why], trouble: part.rawValue)
    }

    static func recovered(_ part: Health.Part) -> JournalMessage {
        let reason = OperatorText(part.rawValue)
        return JournalMessage(.recovered, "no longer degraded: \(reason)", ["reason": reason], trouble: part.rawValue)
    }
}
