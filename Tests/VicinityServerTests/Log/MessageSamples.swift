import VicinityConfiguration
import VicinityPipeline
import VicinityStore

@testable import VicinityServer

extension JournalMessage {
    /// One of each kind, as it might be.
    static func sample(of kind: MessageKind) -> JournalMessage {
        let fault = StoreFault.diskFull(path: "/var/lib/vicinity/vicinity.db")
        let damage = StoreFault.damaged(path: "/var/lib/vicinity/vicinity.db", what: "event 4711 is missing")
        return switch kind {
        case .ready: .ready(users: 120_000, subjects: 5000, head: 4711, milliseconds: 830)
        case .stopping: .stopping
        case .stopped: .stopped(head: 4711)
        case .checkingLog: .checkingLog(bytes: 3 << 30)
        case .logBegun: .logBegun
        case .migratingLog: .migratingLog(from: 6, to: 7)
        case .restoringState: .restoringState(pieces: 65_536, seconds: 4)
        case .coreDumpsPossible: .coreDumpsPossible
        case .wrongUsage: refusal(.usage, "Error: Unknown option '--colour'")
        case .programFault: refusal(.software, "the bug")
        case .directoryUnusable: refusal(.directory, "/var/lib/vicinity: cannot make a file in it: Read-only file system")
        case .logUnusable: refusal(.store, damage.description)
        case .alreadyRunning: refusal(.taken, "/var/lib/vicinity: another vicinityd (pid 815) is running there")
        case .wrongConfiguration: refusal(.configuration, mistake.description)
        case .configurationDoubtful:
            .configurationDoubtful("access.ingest: there is no group \"gateways\"; it matches nobody")
        case .configurationNotReloaded: .configurationNotReloaded(mistake)
        case .configurationReloaded:
            .configurationReloaded(change)
        case .restartNeeded: .restartNeeded(["durability"])
        case .settingsTooLate: .settingsTooLate
        case .logRenewed: .logRenewed(.isBackup)
        case .logNotClosed: .logNotClosed(fault)
        case .storeFailed: .storeFailed(damage)
        case .storeWaits: .storeWaits(fault)
        case .storeWorksAgain: .storeWorksAgain
        case .logUnreadable: .logUnreadable(damage.description)
        case .erasureFails: .erasureFails(fault)
        case .erasureWorksAgain: .erasureWorksAgain
        case .retentionFails: .retentionFails(fault)
        case .auditBroken: .auditBroken(before: 42)
        case .auditEntriesStay: .auditEntriesStay(damage)
        case .clockSet: .clockSet(by: 86_400_000)
        case .cellsKeyChanged: .cellsKeyChanged
        case .rotationGoesOn: .rotationGoesOn
        case .roundsLate: .roundsLate(after: 5000, waitingFor: .disk)
        case .smallWriteFails: .smallWriteFails(28)
        case .roundsInTime: .roundsInTime
        case .degraded: .degraded(.disk, "412 MiB are free on the disk of the log, less than 1024 MiB")
        case .recovered: .recovered(.disk)
        case .peerRefused: .peerRefused(.ingest, user: 1000)
        case .acceptFailed: .acceptFailed(.ingest, fault)
        case .connectionsLeft: .connectionsLeft(12)
        case .connectionsTakenUp: .connectionsTakenUp(tally)
        case .connectionsNotKept: .connectionsNotKept(105)
        case .descriptorsScarce: .descriptorsScarce(limit: 1024, connections: 416, wanted: 4096)
        }
    }

    private static var tally: LegacyTally {
        var tally = LegacyTally()
        for _ in 0..<10 { tally.goesOn() }
        for _ in 0..<2 { tally.isDropped(.inDoubt) }
        return tally
    }

    private static var mistake: ConfigurationError {
        let loaded = Configuration.load(path: "/nowhere", isRequired: false, environment: ["VICINITY_HALO_RADIUS": "-5"])
        guard case .failure(let errors) = loaded, let mistake = errors.errors.first else { preconditionFailure("-5 is refused") }
        return mistake
    }

    private static var change: EffectiveConfiguration.Change {
        var values = Configuration()
        values.logLevel = .debug
        values.durability = values.durability == .power ? .process : .power
        return EffectiveConfiguration.defaults.reloading(EffectiveConfiguration(values: values, origins: [:], warnings: []))
    }

    private static func refusal(_ status: ExitStatus, _ description: String) -> JournalMessage {
        refusals(StartFailure(status, description)).first ?? .stopping
    }
}
