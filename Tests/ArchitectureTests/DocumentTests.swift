import Foundation
import Testing

@Suite("Documents that must agree with the repository")
struct DocumentTests {
    /// `0007-slots-are-stable.md` and so on.
    private static var decisions: [String] { Repository.names(in: "docs/decisions").filter { $0 != "README.md" } }

    @Test("Decisions are numbered from 1 without a hole")
    func numbers() {
        #expect(!Self.decisions.isEmpty)
        for (index, name) in Self.decisions.enumerated() {
            let digits = String(index + 1)
            let number = String(repeating: "0", count: 4 - digits.count) + digits
            #expect(name.hasPrefix("\(number)-") && name.hasSuffix(".md"), "\(name) should be \(number)-….md")
        }
    }

    @Test("Every decision is linked from the list, under its own title")
    func links() throws {
        let list = try #require(Repository.text("docs/decisions/README.md"))
        for name in Self.decisions {
            let page = try #require(Repository.text("docs/decisions/\(name)"))
            let title = try #require(page.split(separator: "\n").first)
            #expect(title.hasPrefix("# "), "\(name) begins with its title")
            #expect(list.contains("[\(title.dropFirst(2))](\(name))"), "docs/decisions/README.md has no [\(title.dropFirst(2))](\(name))")
        }
    }

    @Test("Every decision says what a decision must say")
    func sections() throws {
        for name in Self.decisions {
            let page = try #require(Repository.text("docs/decisions/\(name)"))
            for section in ["## Context", "## Decision", "## What else was tried", "## What would change our mind"] {
                #expect(page.contains("\n\(section)\n"), "\(name) has no \"\(section)\"")
            }
        }
    }

    @Test("Every dependency has its decision")
    func dependencies() throws {
        let manifest = try #require(Repository.text("Package.swift"))
        let pages = Self.decisions.compactMap { Repository.text("docs/decisions/\($0)") }.joined(separator: "\n")
        let packages = manifest.split(separator: "\n").compactMap { line -> Substring? in
            guard line.contains(".package(url:"), let address = line.split(separator: "\"").dropFirst().first else { return nil }
            return address.split(separator: "/").last?.split(separator: ".").first
        }
        #expect(!packages.isEmpty)
        for package in packages { #expect(pages.contains("`\(package)`"), "no page of docs/decisions names `\(package)`") }
    }

    @Test("The changelog has Unreleased on top")
    func changelog() throws {
        let text = try #require(Repository.text("CHANGELOG.md"))
        let first = text.split(separator: "\n").first { $0.hasPrefix("## ") }
        #expect(first == "## Unreleased")
    }

    @Test(
        "Links between documents lead somewhere",
        arguments: ["README.md", "CHANGELOG.md", "docs/architecture.md", "docs/hacking.md", "docs/operating.md", "docs/privacy.md"])
    func targets(document: String) throws {
        let text = try #require(Repository.text(document))
        let folder = document.contains("/") ? "docs/" : ""
        for part in text.split(separator: "](").dropFirst() {
            guard let end = part.firstIndex(of: ")") else { continue }
            let target = part[..<end].prefix { $0 != "#" }
            guard !target.isEmpty, !target.contains(":") else { continue }
            let path = target.hasPrefix("../") ? String(target.dropFirst(3)) : folder + target
            #expect(Repository.text(path) != nil || !Repository.names(in: path).isEmpty, "\(document) links to \(path), which is not there")
        }
    }

    /// Rows of the table look like `| what | 38.2 MB | [Memory](performance.md#memory) |`.
    @Test("Every figure for sizing stands where docs/operating.md says that it was measured")
    func figures() throws {
        let text = try #require(Repository.text("docs/operating.md"))
        let performance = try #require(Repository.text("docs/performance.md"))
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| ") && $0.contains("](performance.md#") }
        #expect(rows.count > 8)
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let figure = try #require(cells[1].split(separator: " ").first, "\(row) has no figure")
            let heading = try #require(cells[2].dropFirst().split(separator: "]").first, "\(row) names no heading")
            let section = performance.components(separatedBy: "\n## ").first { $0.hasPrefix("\(heading)\n") }
            let words = try #require(section, "docs/performance.md has no \(heading)").split { !($0.isNumber || $0 == "." || $0 == ",") }
            #expect(words.contains(figure), "\(figure) of \(row) is not in docs/performance.md, \(heading)")
        }
    }

    @Test("Every command of the Makefile is in docs/hacking.md")
    func commands() throws {
        let makefile = try #require(Repository.text("Makefile"))
        let manual = try #require(Repository.text("docs/hacking.md"))
        let names = makefile.split(separator: "\n").filter { !$0.hasPrefix("\t") && $0.contains(":") && $0.contains("## ") }.compactMap {
            $0.split(separator: ":").first
        }
        #expect(names.count > 5)
        for name in names { #expect(manual.contains("make \(name)"), "docs/hacking.md does not tell of make \(name)") }
    }
}
