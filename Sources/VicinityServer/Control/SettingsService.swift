import Logging
import Synchronization
import VicinityConfiguration
import VicinityTransport
import VicinityWire

/// The settings that are in force, and the way to change them while the daemon runs.
final class SettingsService: Sendable {
    private struct State {
        var effective: EffectiveConfiguration
        var policy: AccessPolicy
    }

    /// What a reload does outside of this, in its order.
    struct Reloading: Sendable {
        /// Reads the configuration again, as at the start.
        var load: @Sendable () -> Result<EffectiveConfiguration, ConfigurationErrors>
        /// Is told that a reload begins, whoever asked for it.
        var began: @Sendable () -> Void
        /// Puts what can change into force.
        var apply: @Sendable (Configuration) -> Void
        /// Is told that it is over, whatever came of it.
        var ended: @Sendable () -> Void
    }

    private let state: Mutex<State>
    private let ownUser: UInt32
    private let logger: Logger
    private let reloading: Reloading
    /// One reload at a time, so that the last one that is answered is the one that holds.
    private let turn = Mutex(())

    init(_ effective: EffectiveConfiguration, ownUser: UInt32, logger: Logger, _ reloading: Reloading) {
        self.ownUser = ownUser
        self.logger = logger
        self.reloading = reloading
        let (policy, warnings) = AccessPolicy.resolve(effective.values.access, ownUser: ownUser, in: SystemAccounts())
        for warning in warnings { logger.report(.configurationDoubtful(warning)) }
        state = Mutex(State(effective: effective, policy: policy))
    }

    var configuration: Configuration { state.withLock(\.effective.values) }

    /// Who may do what.
    var access: AccessPolicy { state.withLock(\.policy) }

    /// What `config.get` answers.
    func json() -> [UInt8] { Array(state.withLock(\.effective).json.utf8) }

    /// Reads the configuration again. One that is wrong changes nothing.
    ///
    /// - Returns: what changed, or the reasons why nothing did.
    @discardableResult
    func reload() -> Result<EffectiveConfiguration.Change, ConfigurationErrors> {
        turn.withLock { _ in
            reloading.began()
            defer { reloading.ended() }
            return takeUp()
        }
    }

    private func takeUp() -> Result<EffectiveConfiguration.Change, ConfigurationErrors> {
        let loaded: EffectiveConfiguration
        switch reloading.load() {
        case .success(let effective): loaded = effective
        case .failure(let errors):
            for error in errors.errors { logger.report(.configurationNotReloaded(error)) }
            return .failure(errors)
        }
        let (policy, warnings) = AccessPolicy.resolve(loaded.values.access, ownUser: ownUser, in: SystemAccounts())
        let change = state.withLock { state in
            let change = state.effective.reloading(loaded)
            state.effective = change.effective
            state.policy = policy
            return change
        }
        for warning in loaded.warnings + warnings { logger.report(.configurationDoubtful(warning)) }
        reloading.apply(change.effective.values)
        if !change.restartNeeded.isEmpty { logger.report(.restartNeeded(change.restartNeeded)) }
        logger.report(.configurationReloaded(change))
        return .success(change)
    }

    /// Carries out `config.reload`.
    func reload(_ finish: ControlService.Finish) {
        switch reload() {
        case .success(let change):
            var writer = JSONWriter()
            writer.object { writer in
                writer.key("changed")
                writer.array { writer in for key in change.changed { writer.value(key) } }
                writer.key("restart_needed")
                writer.array { writer in for key in change.restartNeeded { writer.value(key) } }
            }
            finish(.success(writer.bytes))
        case .failure(let errors): finish(.failure(.refused("bad_value", errors.description)))
        }
    }
}

extension AccessPolicy {
    /// What the process at the other end may do.
    func roles(of peer: PeerCredentials) -> Roles { roles(user: peer.user, group: peer.group, groups: peer.groups) }
}
