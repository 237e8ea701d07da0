import Foundation
import Testing
import VicinityConfiguration

@testable import VicinityServer

/// The shipped units: each line has its reason, systemd 252 knows it, and it agrees with the code.
@Suite("The units")
struct UnitFileTests {
    private static let socketUnits = SocketName.allCases.map { "vicinityd-\($0.rawValue).socket" }
    private static let units = ["vicinityd.service"] + socketUnits

    private static func unit(_ name: String) throws -> UnitFile { UnitFile(try text("systemd/\(name)")) }

    private static func text(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    // MARK: - Every line

    @Test("Every line has a reason above it or above its group", arguments: units)
    func reasons(name: String) throws {
        let unit = try Self.unit(name)
        #expect(!unit.directives.isEmpty)
        for directive in unit.directives where !directive.hasReason {
            Issue.record("\(name):\(directive.line): \(directive.key)= has no comment above it or above its group")
        }
    }

    @Test("systemd 252 knows every line", arguments: units)
    func known(name: String) throws {
        for directive in try Self.unit(name).directives {
            let isKnown = Self.knownKeys[directive.section]?.contains(directive.key) == true
            #expect(isKnown, "\(name):\(directive.line): [\(directive.section)] \(directive.key)= is not in the table of what 252 knows")
        }
        // Known as a key, but not with this value before 253.
        #expect(try Self.unit(name).value("Type") != "notify-reload")
    }

    /// Of what 252 knows (systemd.unit(5), systemd.service(5), systemd.socket(5), systemd.exec(5), systemd.resource-control(5),
    /// systemd.kill(5)) what we may come to use. 253 and later brought, among others: RestartSteps, RestartMaxDelaySec, RestartMode,
    /// FileDescriptorStorePreserve, ReloadSignal, OpenFile, ImportCredential, MemoryZSwapMax, PrivatePIDs, ProtectHostname=private.
    private static let knownKeys: [String: Set<String>] = [
        "Unit": [
            "Description", "Documentation", "Requires", "Wants", "PartOf", "After", "Before", "StartLimitIntervalSec", "StartLimitBurst",
        ],
        "Service": [
            "Type", "NotifyAccess", "ExecStart", "ExecReload", "Restart", "RestartSec", "RestartPreventExitStatus", "TimeoutStartSec",
            "TimeoutStopSec", "WatchdogSec", "FileDescriptorStoreMax", "DynamicUser", "User", "StateDirectory", "StateDirectoryMode",
            "ConfigurationDirectory", "UMask", "LoadCredential", "SetCredential", "LimitNOFILE", "LimitCORE", "Environment", "MemoryHigh",
            "MemoryMax", "TasksMax", "OOMScoreAdjust", "CapabilityBoundingSet", "AmbientCapabilities", "NoNewPrivileges", "ProtectSystem",
            "ProtectHome", "PrivateTmp", "PrivateDevices", "DevicePolicy", "PrivateNetwork", "IPAddressDeny", "RestrictAddressFamilies",
            "PrivateUsers", "PrivateIPC", "PrivateMounts", "ProtectHostname", "ProtectClock", "ProtectKernelTunables",
            "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups", "ProtectProc", "ProcSubset", "RestrictNamespaces",
            "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality", "MemoryDenyWriteExecute", "KeyringMode", "RemoveIPC", "NoExecPaths",
            "ExecPaths", "SystemCallArchitectures", "SystemCallFilter", "SystemCallErrorNumber", "LogRateLimitIntervalSec",
            "LogRateLimitBurst",
        ],
        "Socket": [
            "ListenStream", "FileDescriptorName", "Service", "DirectoryMode", "SocketUser", "SocketGroup", "SocketMode", "Backlog",
            "RemoveOnStop", "PassCredentials", "TriggerLimitIntervalSec", "TriggerLimitBurst",
        ],
        "Install": ["WantedBy"],
    ]

    @Test("No line stands twice, but for those that are lists", arguments: units)
    func onlyOnce(name: String) throws {
        let lists: Set<String> = ["SystemCallFilter", "LoadCredential", "Environment"]
        let keys = try Self.unit(name).directives.map { "\($0.section) \($0.key)" }
        for (key, count) in Dictionary(keys.map { ($0, 1) }, uniquingKeysWith: +) where count > 1 {
            #expect(lists.contains(key.split(separator: " ").last.map(String.init) ?? ""), "\(name): \(key)= stands \(count) times")
        }
    }

    // MARK: - Sockets and groups

    @Test("A socket unit for each of the daemon's sockets, with its name, and the group of the default configuration")
    func sockets() throws {
        let access = Configuration().access
        let groups: [SocketName: Configuration.Principals] = [.ingest: access.ingest, .events: access.events]
        for socket in SocketName.allCases {
            let unit = try Self.unit("vicinityd-\(socket.rawValue).socket")
            #expect(unit.value("FileDescriptorName") == socket.rawValue)
            #expect(unit.value("ListenStream") == "/run/vicinity/\(socket.rawValue).sock")
            #expect(unit.value("Service") == "vicinityd.service")
            #expect(unit.value("RemoveOnStop") == "yes")
            #expect(unit.value("DirectoryMode") == "0755")
            if let group = groups[socket] {
                #expect(unit.value("SocketGroup").map { [.name($0)] } == group.groups && group.users.isEmpty)
                #expect(unit.value("SocketMode") == "0660")
            } else {
                // Each method asks for a role.
                #expect(unit.value("SocketGroup") == nil && unit.value("SocketMode") == "0666")
            }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter { $0.hasPrefix("vicinityd-") }
        #expect(names.sorted() == Self.socketUnits.sorted())
    }

    private static var folder: String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "systemd").path()
    }

    @Test("The service needs all three and comes after them; it makes no folder of their name")
    func order() throws {
        let unit = try Self.unit("vicinityd.service")
        #expect(unit.value("Requires")?.split(separator: " ").map(String.init) == Self.socketUnits)
        #expect(unit.value("After") == unit.value("Requires"))
        #expect(unit.value("RuntimeDirectory") == nil)
    }

    @Test("sysusers.d makes the groups of the default configuration, each with its reason, and no other")
    func groups() throws {
        let access = Configuration().access
        let principals = [access.ingest, access.events, access.control.observer, access.control.relay, access.control.admin]
        let wanted = Set(principals.flatMap(\.groups))
        let lines = try Self.text("systemd/sysusers.d/vicinity.conf").split(separator: "\n").map(String.init)
        let made = lines.filter { $0.hasPrefix("g ") }.map { $0.split(separator: " ") }
        #expect(Set(made.map { .name(String($0[1])) }) == wanted && made.count == wanted.count)
        for (above, line) in zip(lines, lines.dropFirst()) where !line.hasPrefix("#") { #expect(above.hasPrefix("#"), "\(line)") }
    }

    // MARK: - Life

    @Test("Start, stop, restart and watchdog agree with the code")
    func life() throws {
        let unit = try Self.unit("vicinityd.service")
        #expect(unit.value("Type") == "notify" && unit.value("NotifyAccess") == "main")
        #expect(unit.value("RestartPreventExitStatus") == "\(ExitStatus.configuration.rawValue)")
        #expect(unit.value("Restart") == "always" && unit.value("StartLimitIntervalSec") == "0")
        // A start that fails at once comes again no faster than this.
        #expect(try #require(UnitFile.milliseconds(unit.value("RestartSec"))) >= 100)
        // What is asked for with EXTEND_TIMEOUT_USEC= is what the manager would wait by itself.
        let start = try #require(UnitFile.milliseconds(unit.value("TimeoutStartSec")))
        let stop = try #require(UnitFile.milliseconds(unit.value("TimeoutStopSec")))
        #expect(StartupProgress.request == .milliseconds(start))
        #expect(Daemon.stopRequest == .milliseconds(stop))
        #expect(stop > 10_000, "the contract gives a stop 10 s")
        let watchdog = try #require(UnitFile.milliseconds(unit.value("WatchdogSec")))
        #expect(Int64(watchdog) * 1_000_000 < Vigil.deviceGrace && watchdog >= 3000)
    }

    @Test("It runs what it may run, and may run what it runs")
    func programs() throws {
        let unit = try Self.unit("vicinityd.service")
        let allowed = try #require(unit.value("ExecPaths")).split(separator: " ").map(String.init)
        for key in ["ExecStart", "ExecReload"] {
            let program = try #require(unit.value(key)?.split(separator: " ").first)
            #expect(allowed.contains(String(program)))
        }
        // The loader and the libraries.
        #expect(allowed.contains("/usr/lib") && unit.value("NoExecPaths") == "/")
    }

    @Test("Nothing of it is left in a core or a trace; secrets may come from outside, and need not")
    func secrets() throws {
        let unit = try Self.unit("vicinityd.service")
        #expect(unit.value("LimitCORE") == "0" && unit.values("Environment").contains("SWIFT_BACKTRACE=enable=no"))
        #expect(unit.value("StateDirectoryMode") == "0700" && unit.value("UMask") == "0077")
        let credentials = Dictionary(
            uniqueKeysWithValues: unit.values("LoadCredential").map { line in
                let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
                return (parts[0], parts.last ?? "")
            })
        #expect(Set(credentials.keys) == ["precision_key", "audit_key", "boot_id"])
        // What may be missing is named without a slash: then 252 looks into /etc/credstore and does without.
        #expect(credentials["precision_key"]?.contains("/") == false && credentials["audit_key"]?.contains("/") == false)
    }

    // MARK: - Limits

    @Test("Memory: every queue at its bound for the default number of connections, a million users and 100,000 subjects, and some to spare")
    func memory() throws {
        let unit = try Self.unit("vicinityd.service")
        let parts = Bounds.memory(connections: Configuration().limits.connections, users: 1_000_000, subjects: 100_000)
        let sum = parts.reduce(0) { $0 + $1.bytes }
        let high = try #require(UnitFile.bytes(unit.value("MemoryHigh")))
        let most = try #require(UnitFile.bytes(unit.value("MemoryMax")))
        #expect(sum <= high, "\(parts.map { "\($0.name) \($0.bytes >> 20) MiB" }.joined(separator: ", ")): \(sum >> 20) MiB")
        // But not out of all proportion, or the sum is stale.
        #expect(high <= sum * 3 / 2, "\(sum >> 20) MiB")
        #expect(high + high / 8 <= most)
    }

    @Test("Threads, on a machine with up to 64 processors, twice")
    func tasks() throws {
        let tasks = try #require(try Self.unit("vicinityd.service").value("TasksMax").flatMap { Int($0) })
        #expect(2 * Bounds.threads(processors: 64) <= tasks)
    }

    @Test("Descriptors, for four times the default number of connections")
    func files() throws {
        let files = try #require(try Self.unit("vicinityd.service").value("LimitNOFILE").flatMap { Int($0) })
        #expect(Descriptors.needed(connections: 4 * Configuration().limits.connections, operators: Descriptors.operators) <= files)
    }

    @Test("The manager keeps two descriptors for each connection, and the names of all of them fit into a variable")
    func keptDescriptors() throws {
        let most = try #require(try Self.unit("vicinityd.service").value("FileDescriptorStoreMax").flatMap { Int($0) })
        let connections = Configuration().limits.connections
        #expect(2 * connections < most && connections <= Keeper.greatest)
        // Of the longest name, with its colon, for a process that has had a hundred million connections; and the variable's own name.
        let name = "\(SocketName.ingest.rawValue)-0123456789abcdef-99999999:"
        #expect(2 * Keeper.greatest * name.utf8.count + 64 < 128 << 10)
        #expect(most <= 2 * Keeper.greatest)
    }
}
