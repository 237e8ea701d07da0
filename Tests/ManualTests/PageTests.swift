import Foundation
import Testing

/// The pages that are committed are those that scripts/man would make now.
@Suite("The manual's pages")
struct PageTests {
    @Test(arguments: Page.names)
    func aPageSaysWhatTheProgramsSay(name: String) throws {
        let page = try Page(name, Expansion())
        #expect("\(page.source.name).\(page.source.section)" == name)
        let file = Page.folder.appending(path: name)
        if ProcessInfo.processInfo.environment["VICINITY_UPDATE_GOLDEN"] == "1" {
            try page.text.write(to: file, atomically: true, encoding: .utf8)
        }
        let committed = try? String(contentsOf: file, encoding: .utf8)
        #expect(committed == page.text, "docs/man/\(name) is out of date; scripts/man makes it anew")
    }

    @Test func everyPageIsInTheList() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Page.folder.path())
        #expect(Set(files) == Set(Page.names.flatMap { [$0, "\($0).md"] }))
    }
}
