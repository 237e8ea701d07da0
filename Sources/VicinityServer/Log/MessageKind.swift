// The kinds of messages, which have a name for programs: `journalctl MESSAGE_ID=…` finds them, whatever the sentence says and in whatever
// version, and systemd/vicinity.catalog explains them in `journalctl --catalog`.
//
// A new kind: a line here with an id from `systemd-id128 new`, its level below, how it is made in one of the files beside this one, a sample in
// JournalMessageTests, an entry of the catalogue; then `VICINITY_UPDATE_GOLDEN=1 swift test --filter JournalMessageTests` writes docs/messages.md.
// An id means the same for ever: what is not said any more takes its id with it.

package import Logging

/// What a message of the daemon is about. The raw value is its `MESSAGE_ID`.
package enum MessageKind: String, CaseIterable, Sendable {
    // MARK: Coming up, and going down

    case ready = "dac10cfb81b846edb090dfa04babc3da"
    case stopping = "5f73e1f8b42c41048d9b37304057d627"
    case stopped = "6941893e296e45a0b5c088a8d028953c"
    case checkingLog = "f73bb2d74a1c4fb18079a28454fcaccd"
    case logBegun = "b2827dddaa3048fcad1e6767b66825fd"
    case migratingLog = "9b347e95e7964be4a514259be14ff414"
    case restoringState = "fb4ad6b802a5411597f6a6a989fe5170"
    case coreDumpsPossible = "71dbb3a0e29947d297154043e5ef7759"

    // MARK: Why it did not start, or ended

    case wrongUsage = "1df74b21b3fb493699b789386d3018f4"
    case programFault = "a2e87ab3313242b0a5e703fdfd5936b0"
    case directoryUnusable = "7c85151ac8f6461fbdb747528d7f482f"
    case logUnusable = "e1fd6129b2a84717b3d3b57a89710034"
    case alreadyRunning = "a3f1f031b7454e45b2081653da3911cf"
    case wrongConfiguration = "f18cab8580f1437e9f1d4a0e68cd8e3a"

    // MARK: The configuration

    case configurationDoubtful = "ac9c57bb2de545b1a3ec9eb6f71f3ed0"
    case configurationNotReloaded = "672141fac70d4a75a6172d88d2a3f77e"
    case configurationReloaded = "26c78bf821f24c89b94bb414d71d888c"
    case restartNeeded = "d22c9b7110344eaa9a6f7e1cbcde4e39"
    case settingsTooLate = "a45f8e8262b646849634326b9eadf282"

    // MARK: The log and the disk

    case logRenewed = "e1f9cde9d40748a9ac93cbf0b2dd9abb"
    case logNotClosed = "0205408c6d2c4c909cb9a16062abe920"
    case storeFailed = "059598281dd848baa95c972d1663fc94"
    case storeWaits = "a5c3471ea10f4df8875f315718765fe1"
    case storeWorksAgain = "b815f6c9fade426284ffedc7f7990704"
    case logUnreadable = "94221d45267744f0b0722045ff20df4c"
    case erasureFails = "1cfcf412992244a3b994fb2da19f1e0f"
    case erasureWorksAgain = "66a34892f85544869b839370b3887a06"
    case retentionFails = "dab943edb0b645ceb59ec3184496ee76"
    case auditBroken = "3282c1a928b940bf98f203138606d09a"
    case auditEntriesStay = "d9e147fbb9e949f08934853f277c8243"
    case clockSet = "1a917bde8f1c4114a49bbf2f74e92eae"
    case cellsKeyChanged = "7846777390404af8910a313c2d5e2818"
    case rotationGoesOn = "36a9526a74b94a6a9d46057c3e99450b"

    // MARK: The watchdog

    case roundsLate = "bd0f9bb9a84c487799e3395a2ac1d4d0"
    case smallWriteFails = "955546f415f94f438095468c747216c5"
    case roundsInTime = "700ad683bf6d4a869803c9f38b671449"

    // MARK: Health

    case degraded = "63ea95e3c6f54554b70a36de8fb5ce4d"
    case recovered = "f4fb162cc5a64656b3955ba7eaa6fa11"

    // MARK: Those who connect

    case peerRefused = "71909c5a7c654667a44e27014f7929f7"
    case acceptFailed = "dda9997e077a45a680972e2671d31c3e"
    case connectionsLeft = "aceaf5f498b04869b3f9f117306db123"
    case connectionsTakenUp = "de4a9e8216af49b4bdf6fabcdb7668d7"
    case connectionsNotKept = "0fb4413247544b44bbdea00c53aefdc9"
    case descriptorsScarce = "faf49dcee85d495d8ddb1d9265b230f1"
}

extension MessageKind {
    /// How urgent it is. `error`: something does not work, and does not mend itself or has not yet. `warning`: it works, but somebody should look.
    /// `notice`: what an operator wants to find in the journal.
    package var level: Logger.Level {
        switch self {
        case .storeFailed: .critical
        case .wrongUsage, .programFault, .directoryUnusable, .logUnusable, .alreadyRunning, .wrongConfiguration, .configurationNotReloaded,
            .logNotClosed, .storeWaits, .logUnreadable, .erasureFails, .retentionFails, .auditBroken, .auditEntriesStay, .acceptFailed:
            .error
        case .coreDumpsPossible, .configurationDoubtful, .logRenewed, .clockSet, .cellsKeyChanged, .peerRefused, .descriptorsScarce,
            .restartNeeded, .roundsLate, .smallWriteFails, .degraded, .connectionsNotKept:
            .warning
        case .ready, .stopping, .stopped, .checkingLog, .logBegun, .migratingLog, .restoringState, .configurationReloaded,
            .storeWorksAgain, .erasureWorksAgain, .rotationGoesOn, .roundsInTime, .recovered, .connectionsLeft, .connectionsTakenUp:
            .notice
        case .settingsTooLate: .info
        }
    }
}
