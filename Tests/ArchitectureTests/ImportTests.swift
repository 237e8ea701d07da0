import Testing

/// What each target may import, and nothing else: the arrows of docs/architecture.md.
///
/// The compiler holds most of them, but an import of a sibling that Package.swift does not declare compiles in an incremental build, and
/// Foundation or Glibc can be imported by anybody. A new line here is a decision: it belongs in the same commit as its page in
/// docs/decisions.
private let permitted: [String: Set<String>] = [
    "VicinityCore": ["CPrimitives"],
    "VicinityWire": ["VicinityCore", "CEventLines", "CFixLines", "CPrimitives", "CSimdjson"],
    "VicinityStore": ["VicinityCore", "Crypto", "Foundation", "GRDB", "GRDBSQLite", "Glibc", "Synchronization"],
    "VicinityMetrics": ["Synchronization"],
    "VicinityPipeline": ["NIOCore", "Synchronization", "VicinityCore", "VicinityMetrics", "VicinityStore", "VicinityWire"],
    "VicinityTransport": ["CLinux", "Glibc", "NIOCore", "NIOPosix", "Synchronization"],
    "VicinitySystem": ["CLinux", "CSystemd", "Glibc", "Logging", "Synchronization"],
    "VicinityConfiguration": ["Glibc", "VicinityCore", "Yams"],
    "VicinityServer": [
        "CLinux", "VicinityConfiguration", "VicinityCore", "VicinityMetrics", "VicinityWire", "VicinityStore", "VicinityPipeline",
        "VicinityTransport",
        "VicinitySystem", "DequeModule", "Foundation", "Glibc", "Logging", "NIOCore", "NIOPosix", "ServiceLifecycle", "Synchronization",
        "UnixSignals",
    ],
    "VicinitySimulation": ["NIOCore", "Synchronization", "VicinityCore", "VicinityPipeline", "VicinityStore", "VicinityWire"],
    "VicinityOffline": ["Foundation", "Glibc", "VicinityCore", "VicinityStore", "VicinityWire"],
    "VicinityClient": ["CZlib", "Glibc"],
    "VicinityRehearsal": ["VicinityClient", "VicinityConfiguration", "VicinityCore", "VicinityWire"],
    "VicinityBenchmarks": ["Glibc", "Synchronization", "VicinityCore", "VicinityPipeline", "VicinityStore", "VicinityWire"],
    "vicinityd": [
        "ArgumentParser", "Glibc", "Logging", "ServiceLifecycle", "UnixSignals", "VicinityConfiguration", "VicinityServer",
        "VicinitySystem",
    ],
    "vicinityctl": ["ArgumentParser", "Glibc", "VicinityClient", "VicinityOffline", "VicinityRehearsal"],
    "vicinity-sim": ["ArgumentParser", "Glibc", "Synchronization", "VicinitySimulation"],
]

/// Targets without Swift: there is nothing in them to import.
private let inC: Set<String> = ["CEventLines", "CFixLines", "CLinux", "CPrimitives", "CSimdjson", "CSystemd", "CZlib"]

@Suite("Who may import whom")
struct ImportTests {
    @Test("Every folder of Sources is in the table, and every line of the table is a folder")
    func tableIsComplete() {
        #expect(Set(Repository.names(in: "Sources")) == Set(permitted.keys).union(inC))
    }

    @Test("A target imports nothing but what the table permits", arguments: permitted.keys.sorted())
    func target(name: String) throws {
        let files = Repository.swiftFiles(below: "Sources/\(name)")
        #expect(!files.isEmpty, "no Swift file was found: is this test looking in the right place?")
        let allowed = try #require(permitted[name])
        for file in files {
            let source = try #require(Repository.text(file))
            for (module, line) in imports(in: source) {
                #expect(allowed.contains(module), "\(file):\(line): \(name) must not import \(module)")
            }
        }
    }

    @Test("C targets hold no Swift", arguments: inC.sorted())
    func targetInC(name: String) { #expect(Repository.swiftFiles(below: "Sources/\(name)").isEmpty) }

    @Test(
        "The reader of imports reads them",
        arguments: [
            ("import NIOCore", ["NIOCore"]),
            ("public import VicinityCore", ["VicinityCore"]),
            ("@preconcurrency import Glibc", ["Glibc"]),
            ("@testable internal import struct Foundation.Data", ["Foundation"]),
            ("import func Glibc.read; import Logging", ["Glibc"]),
            ("// import Foundation", []),
            ("/* \n import Foundation \n */ import CLinux", ["CLinux"]),
            ("let text = \"import Foundation\"", []),
            ("let text = \"\"\"\n    import Foundation\n    \"\"\"\nimport Yams", ["Yams"]),
            ("let important = imported", []),
        ])
    func reader(source: String, modules: [String]) { #expect(imports(in: source).map(\.module) == modules) }
}
