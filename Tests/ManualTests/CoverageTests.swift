import Foundation
import Testing
import VicinityClient
import VicinityConfiguration
import VicinityCore
import VicinityServer
import VicinityWire

/// What there is in the code is in the manual, each thing once.
@Suite("What the manual must tell")
struct CoverageTests {
    private static let expansion = Result { try Expansion() }

    private static func blocks(_ page: String) throws -> [Block] { try Page(page, expansion.get()).blocks }

    /// The labels under a heading, up to the parameters.
    private static func labels(_ page: String, _ heading: String? = nil) throws -> [String] {
        var blocks = try blocks(page)
        if let heading { blocks = try #require(Block.section(heading, of: blocks), "\(page) has no \(heading)") }
        return Block.labels(in: blocks).flatMap { label -> [String] in
            let names = label.hasPrefix("-") ? label.split(separator: ", ") : [label[...]]
            return names.map { String($0.prefix { $0 != " " }) }
        }
    }

    // MARK: - The programs

    @Test func everyOptionOfTheDaemonIsThere() throws {
        let labels = try Self.labels("vicinityd.8", "OPTIONS")
        #expect(
            labels
                == (try Self.expansion.get().daemon.arguments ?? []).flatMap { argument in
                    (argument.names ?? []).map { ($0.kind == "short" ? "-" : "--") + $0.name }
                })
    }

    @Test func everyCommandIsThereOnce() throws {
        let tool = try Self.expansion.get().tool
        let labels = try Block.labels(in: Self.blocks("vicinityctl.1"))
        for (words, command) in tool.leaves {
            let name = words.dropFirst().joined(separator: " ")
            let usage = CommandBlocks.synopsis(Array(words.dropFirst()), command.ownArguments).filter { !"`*".contains($0) }
            #expect(labels.count { $0 == usage } == 1, "docs/man/vicinityctl.1.md wants a <!-- command \(name) -->, once")
        }
    }

    @Test func everyExitStatusIsThereOnce() throws {
        #expect(try Self.labels("vicinityd.8", "EXIT STATUS") == ExitStatus.allCases.map { "\($0.rawValue)" })
        #expect(try Self.labels("vicinityctl.1", "EXIT STATUS") == CommandStatus.allCases.map { "\($0.rawValue)" })
    }

    /// In the order of the table.
    @Test func everySettingIsThereOnce() throws {
        let labels = try Self.labels("vicinityd.yaml.5")
        #expect(labels.filter { ConfigurationKey.byPath[$0] != nil } == ConfigurationKey.all.map(\.path))
    }

    /// What is completed and cannot be asked of the code where it is completed.
    @Test func everyTypeOfEventIsCompleted() throws {
        let watch = try #require(try Self.expansion.get().tool.leaves.first { $0.words.last == "watch" })
        #expect(watch.command.argument("type")?.completionKind?.list?.values == EventType.allCases.map(\.rawValue))
    }

    // MARK: - The contract

    private static let contract = "vicinity-protocol.7"

    @Test func everyErrorOfALineIsThere() throws {
        #expect(try Self.labels(Self.contract, "Errors of a line") == LineErrorCode.allCases.map(\.rawValue))
    }

    @Test func everyErrorOfASubscriptionIsThere() throws {
        let labels = try Self.labels(Self.contract, "Errors of a subscription")
        #expect(labels == SubscriptionRefusal.Code.allCases.map(\.rawValue))
    }

    @Test func everyEventAndEveryCauseIsThere() throws {
        #expect(try Self.labels(Self.contract, "Types of events") == EventType.allCases.map(\.rawValue))
        #expect(try Self.labels(Self.contract, "Causes") == Cause.allCases.map { "\($0.word)" })
    }

    /// Under the heading of the least role that may call it.
    @Test(arguments: [("observers", Roles.observer), ("relays", .relay), ("admins", Roles())])
    func everyMethodIsThere(heading: String, role: Roles) throws {
        let labels = try Self.labels(Self.contract, "Methods for \(heading)")
        #expect(labels == ControlMethod.allCases.filter { $0.roles.subtracting(.admin) == role }.map(\.rawValue))
    }

    @Test func everyWordOfARefusalIsThere() throws {
        var words: Set<String> = []
        for folder in ["VicinityServer", "VicinityPipeline", "VicinityWire"] {
            let base = Page.root.appending(path: "Sources/\(folder)")
            let names = try #require(FileManager.default.enumerator(atPath: base.path())).compactMap { $0 as? String }
            for name in names where name.hasSuffix(".swift") {
                let source = try String(contentsOf: base.appending(path: name), encoding: .utf8)
                words.formUnion(source.matches(of: /[^a-zA-Z](?:refused\(|word: )"(?<word>[a-z_]+)"/).map { String($0.output.word) })
            }
        }
        // They are of a subscription, which has a list of its own.
        words.subtract(SubscriptionRefusal.Code.allCases.filter { $0 != .forbidden }.map(\.rawValue))
        #expect(try Self.labels(Self.contract, "Words") == words.sorted())
    }
}
