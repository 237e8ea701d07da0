import Foundation
import Logging
import Testing

@testable import VicinityServer

@Suite("What the daemon says to its operators")
struct JournalMessageTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String { try String(contentsOf: root.appending(path: path), encoding: .utf8) }

    @Test("Each kind is made as what it is, in one line", arguments: MessageKind.allCases)
    func samples(kind: MessageKind) {
        let sample = JournalMessage.sample(of: kind)
        #expect(sample.kind == kind)
        #expect(!sample.text.isEmpty && !sample.text.contains("\n"))
        for (key, value) in sample.fields {
            #expect(key.wholeMatch(of: /[a-z][a-z_]*/) != nil, "\(key)")
            #expect(!value.isEmpty && !value.contains("\n"), "\(key)")
        }
    }

    @Test("Ids are random ones of 128 bits, as systemd-id128 makes them, each its own")
    func ids() {
        for kind in MessageKind.allCases {
            #expect(kind.rawValue.wholeMatch(of: /[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}/) != nil, "\(kind): \(kind.rawValue)")
        }
        #expect(Set(MessageKind.allCases.map(\.rawValue)).count == MessageKind.allCases.count)
    }

    @Test("A reason of several lines is a message for each, with the status that the daemon ends with")
    func refusals() {
        let messages = JournalMessage.refusals(StartFailure(.configuration, "a.yaml:2: halo.radius: why\na.yaml:3: halo.colour: why"))
        #expect(messages.map(\.text) == ["a.yaml:2: halo.radius: why", "a.yaml:3: halo.colour: why"])
        #expect(messages.allSatisfy { $0.kind == .wrongConfiguration && $0.fields == ["status": "78"] && $0.trouble == nil })
        #expect(JournalMessage.refusals(StartFailure(.stopped, "all is well")).isEmpty)
    }

    // MARK: - The catalogue

    @Test("The catalogue has an entry for each kind, in their order, and no other")
    func catalogue() throws {
        let entries = CatalogueFile(try Self.text("systemd/vicinity.catalog")).entries
        #expect(entries.map(\.id) == MessageKind.allCases.map(\.rawValue))
        for (entry, kind) in zip(entries, MessageKind.allCases) {
            #expect(Set(entry.header.keys) == ["Subject", "Defined-By", "Documentation"], "\(kind)")
            #expect(entry.header["Defined-By"] == "vicinityd", "\(kind)")
            #expect(entry.header["Documentation"]?.contains("man:vicinityd") == true, "\(kind)")
            #expect(entry.body.count > 60, "\(kind): what happened, what it means, what to do")
            var body = entry.body
            for (key, value) in JournalMessage.sample(of: kind).fields {
                body = body.replacing("@VICINITY_\(key.uppercased())@", with: value)
            }
            // But for a fault that is quoted, which is as long as it is.
            let longest = body.split(separator: "\n").filter { !$0.hasPrefix("    ") }.map(\.count).max() ?? 0
            #expect(longest <= 90, "\(kind): a terminal is not that wide")
        }
    }

    @Test("An entry of the catalogue speaks of fields that its message has")
    func fields() throws {
        for entry in CatalogueFile(try Self.text("systemd/vicinity.catalog")).entries {
            let kind = try #require(MessageKind(rawValue: entry.id))
            let sent = JournalMessage.sample(of: kind).fields.keys.map { "VICINITY_\($0.uppercased())" }
            for field in entry.fields { #expect(sent.contains(field), "\(kind): @\(field)@") }
        }
    }

    @Test("The reader of the catalogue reads it")
    func reader() {
        let entries = CatalogueFile(
            """
            # a word before
            -- 0a
            Subject: One @A@
            Defined-By: us

            Text: with @B@
            ; no text

            and more
            -- 0b
            Subject: Two
            """
        ).entries
        #expect(entries.map(\.id) == ["0a", "0b"])
        #expect(entries.first?.header == ["Subject": "One @A@", "Defined-By": "us"])
        #expect(entries.first?.body == "\nText: with @B@\n\nand more\n")
        #expect(entries.first?.fields == ["A", "B"])
    }

    // MARK: - The table

    @Test("docs/messages.md has every kind")
    func table() throws {
        let path = "docs/messages.md"
        let page = try Self.text(path)
        let rows = MessageKind.allCases.map { kind in
            let sample = JournalMessage.sample(of: kind)
            let fields = sample.fields.keys.sorted().map { "`VICINITY_\($0.uppercased())`" }.joined(separator: " ")
            let summed = sample.trouble == nil ? "" : "yes"
            let text = sample.text.replacing("|", with: "\\|")
            return "| `\(kind)` | \(kind.level.rawValue) | \(text) | \(fields) | \(summed) | `\(kind.rawValue)` |\n"
        }
        let table =
            "| kind | priority | for example | fields | summed up | `MESSAGE_ID` |\n| --- | --- | --- | --- | --- | --- |\n" + rows.joined()
        let begin = try #require(page.firstRange(of: "<!-- messages -->\n")).upperBound
        let end = try #require(page.firstRange(of: "<!-- end -->")).lowerBound
        if ProcessInfo.processInfo.environment["VICINITY_UPDATE_GOLDEN"] == "1" {
            try Data((page[..<begin] + table + page[end...]).utf8).write(to: Self.root.appending(path: path))
        }
        let written = try Self.text(path)
        #expect(
            written.contains("<!-- messages -->\n\(table)<!-- end -->"), "\(path) is out of date: VICINITY_UPDATE_GOLDEN=1 writes it anew")
    }
}
