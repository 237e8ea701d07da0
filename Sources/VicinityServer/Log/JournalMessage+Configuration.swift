import VicinityConfiguration

extension JournalMessage {
    /// - Parameter sentence: of the reader of the configuration: a setting, and what is odd about it.
    static func configurationDoubtful(_ sentence: String) -> JournalMessage {
        JournalMessage(.configurationDoubtful, "\(OperatorText(sentence))")
    }

    static func configurationNotReloaded(_ error: ConfigurationError) -> JournalMessage {
        JournalMessage(.configurationNotReloaded, "the configuration was not reloaded: \(error)", ["why": error])
    }

    static func configurationReloaded(_ change: EffectiveConfiguration.Change) -> JournalMessage {
        func list(_ keys: [String]) -> OperatorText { OperatorText(keys.isEmpty ? "nothing" : keys.joined(separator: ", ")) }
        let changed = list(change.changed)
        let pending = list(change.restartNeeded)
        return JournalMessage(
            .configurationReloaded, "the configuration was reloaded: changed: \(changed); needs a restart: \(pending)",
            ["changed": changed, "restart_needed": pending])
    }

    /// - Parameter keys: at least one.
    static func restartNeeded(_ keys: [String]) -> JournalMessage {
        let pending = OperatorText(keys.joined(separator: ", "))
        return JournalMessage(
            .restartNeeded, "a new value is in force only after a restart: \(pending)", ["restart_needed": pending])
    }

    static var settingsTooLate: JournalMessage { JournalMessage(.settingsTooLate, "the daemon is stopping: new settings are not applied") }
}
