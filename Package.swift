// swift-tools-version: 6.2
import PackageDescription

// One list of settings for every target: the language mode, the strictest imports, and no warning.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "vicinity",
    products: [
        .library(name: "VicinityCore", targets: ["VicinityCore"]),
        .library(name: "VicinityBenchmarks", targets: ["VicinityBenchmarks"]),
        .executable(name: "vicinityd", targets: ["vicinityd"]),
        .executable(name: "vicinityctl", targets: ["vicinityctl"]),
        .executable(name: "vicinity-sim", targets: ["vicinity-sim"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
    ],
    targets: [
        // C: what Swift cannot say, one idea a target.
        .target(name: "CPrimitives", linkerSettings: [.linkedLibrary("m")]),
        .target(name: "CEventLines", linkerSettings: [.linkedLibrary("m")]),
        .target(name: "CFixLines"),
        .target(name: "CLinux"),
        .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("m")]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // The middle, and what stands round it.
        library("VicinityCore", ["CPrimitives"]),
        library("VicinityWire", ["VicinityCore", "CEventLines", "CFixLines", "CSimdjson"]),
        library("VicinityStore", ["VicinityCore", grdb, sqlite, crypto]),
        library("VicinityMetrics", []),
        library("VicinityPipeline", ["VicinityCore", "VicinityWire", "VicinityStore", "VicinityMetrics", nioCore]),
        library("VicinityTransport", ["CLinux", nioCore, nioPosix]),
        library("VicinitySystem", ["CLinux", "CSystemd", logging]),
        library("VicinityConfiguration", ["VicinityCore", .product(name: "Yams", package: "Yams")]),
        library(
            "VicinityServer",
            [
                "VicinityCore", "VicinityWire", "VicinityStore", "VicinityPipeline", "VicinityTransport", "VicinitySystem",
                "VicinityConfiguration", "VicinityMetrics", "CLinux", nioCore, nioPosix, logging,
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "DequeModule", package: "swift-collections"),
            ]),
        library("VicinitySimulation", ["VicinityCore", "VicinityWire", "VicinityStore", "VicinityPipeline", nioCore]),
        library("VicinityOffline", ["VicinityCore", "VicinityWire", "VicinityStore"]),
        library("VicinityClient", ["CZlib"]),
        library("VicinityRehearsal", ["VicinityCore", "VicinityWire", "VicinityConfiguration", "VicinityClient"]),
        library("VicinityBenchmarks", ["VicinityCore", "VicinityWire", "VicinityStore", "VicinityPipeline"]),

        // Programs: a command line each.
        program(
            "vicinityd",
            [
                "VicinityServer", "VicinityConfiguration", "VicinitySystem", argumentParser, logging,
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),
        program("vicinityctl", ["VicinityClient", "VicinityOffline", "VicinityRehearsal", argumentParser]),
        program("vicinity-sim", ["VicinitySimulation", argumentParser]),

        tests("ArchitectureTests", []),
        tests("VicinityCoreTests", ["VicinityCore", "VicinitySimulation", "CPrimitives"], resources: [.copy("Fixtures")]),
        tests("VicinityWireTests", ["VicinityWire", "VicinityCore"], resources: [.copy("Fixtures")]),
        .target(name: "CFaultyDisk", path: "Tests/CFaultyDisk", linkerSettings: [.linkedLibrary("sqlite3")]),
        tests("VicinityStoreTests", ["VicinityStore", "VicinityCore", "CFaultyDisk", grdb]),
        tests(
            "VicinityOfflineTests", ["VicinityOffline", "VicinityStore", "VicinityWire", "VicinityCore", grdb],
            resources: [.copy("Fixtures")]),
        tests(
            "VicinityPipelineTests",
            ["VicinityPipeline", "VicinityWire", "VicinityStore", "VicinityCore", "VicinitySimulation", nioCore]),
        tests("VicinitySimulationTests", ["VicinitySimulation"], resources: [.copy("Fixtures")]),
        .target(name: "CAccepts", path: "Tests/CAccepts"),
        tests("VicinityTransportTests", ["VicinityTransport", "CAccepts", "CLinux", nioCore, nioPosix]),
        tests("VicinitySystemTests", ["VicinitySystem", "CLinux", logging]),
        tests("VicinityConfigurationTests", ["VicinityConfiguration", "VicinityCore"], resources: [.copy("Golden")]),
        tests(
            "VicinityServerTests",
            [
                "VicinityServer", "VicinityConfiguration", "VicinityPipeline", "VicinityCore", "VicinityWire", "VicinityStore",
                "VicinityMetrics", "VicinitySystem", logging, nioCore, nioPosix,
            ]),
        tests("VicinityMetricsTests", ["VicinityMetrics"]),
        tests("VicinityClientTests", ["VicinityClient", "vicinityctl", argumentParser], resources: [.copy("Fixtures")]),
        tests("VicinityRehearsalTests", ["VicinityRehearsal", "VicinityClient", "VicinityCore"]),
        tests(
            "ManualTests", ["VicinityConfiguration", "VicinityMetrics", "VicinityServer", "VicinityClient", "VicinityWire", "VicinityCore"]),
        .target(name: "CPeers", path: "Tests/CPeers"),
        .target(name: "CMessages", path: "Tests/CMessages"),
        tests("EndToEndTests", ["VicinityClient", "CMessages", "CPeers"], resources: [.copy("Fixtures")]),
    ],
    cxxLanguageStandard: .cxx17
)
