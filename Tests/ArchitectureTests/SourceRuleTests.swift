import Testing

/// Something that is not written in Sources, and why.
struct SourceRule: Sendable, CustomTestStringConvertible {
    /// As it is written.
    var pattern: String
    var reason: String
    /// Where it is allowed all the same: the beginnings of paths.
    var exceptFor: [String] = []

    var testDescription: String { pattern }
}

private let sourceRules = [
    SourceRule(pattern: "try!", reason: "a fault ends the daemon with a sentence, not with a trap"),
    SourceRule(pattern: "as!", reason: "a wrong type is a sentence too"),
    SourceRule(pattern: "fatalError(", reason: "a broken invariant is a precondition with a sentence"),
    SourceRule(pattern: "Task.detached", reason: "nobody awaits it, and nothing cancels it"),
    SourceRule(pattern: "-Ounchecked", reason: "it removes every precondition in the daemon"),
    SourceRule(pattern: "DispatchQueue", reason: "there is one model of concurrency; see docs/decisions"),
    SourceRule(pattern: "print(", reason: "the daemon logs; only programs talk", exceptFor: ["Sources/vicinity"]),
    SourceRule(
        pattern: "Date()", reason: "the engine, the wire and the store are given the time",
        exceptFor: ["Sources/VicinityServer/", "Sources/VicinityClient/", "Sources/vicinity"]),
    SourceRule(
        pattern: ".random(", reason: "chance is an argument: a seed must replay a run",
        exceptFor: [
            "Sources/VicinityServer/", "Sources/VicinitySimulation/",
            // The one place of the store that makes something random is given its generator.
            "Sources/VicinityStore/LogStore.swift",
        ]),
]

/// At these levels a message is one of the table in docs/messages.md, with an id and an entry in the catalogue; what it says is made of values
/// that name nobody.
private let messageRules = ["info", "notice", "warning", "error", "critical"].map { level in
    SourceRule(
        pattern: "logger.\(level)(",
        reason: "logger.report(…) with a JournalMessage: Sources/VicinityServer/Log/MessageKind.swift says how to add one")
}

@Suite("Rules the compiler does not know")
struct SourceRuleTests {
    @Test("Not in Sources", arguments: sourceRules + messageRules)
    func absent(rule: SourceRule) throws {
        for file in Repository.swiftFiles(below: "Sources") where !rule.exceptFor.contains(where: { file.hasPrefix($0) }) {
            let source = try #require(Repository.text(file))
            for line in swiftLines(source) {
                #expect(!occurs(rule.pattern, in: line.code), "\(file):\(line.number): \(rule.pattern): \(rule.reason)")
            }
        }
    }

    @Test(
        "A pattern is found as a word, not as the end of one",
        arguments: [
            ("try! open()", "try!", true), ("x as! Y", "as!", true), ("has!", "as!", false), ("if hasx, alias! {", "as!", false),
            ("sprint(x)", "print(", false), ("print(x)", "print(", true), ("Int.random(in: 0..<3)", ".random(", true),
        ])
    func words(code: String, pattern: String, isThere: Bool) { #expect(occurs(pattern, in: code) == isThere) }

    @Test("No task is started that nobody awaits: each `Task {` is kept or returned")
    func tasks() throws {
        for file in Repository.swiftFiles(below: "Sources") {
            let source = try #require(Repository.text(file))
            for line in swiftLines(source) {
                let code = line.code.drop { $0 == " " }
                #expect(!code.hasPrefix("Task {") && !code.hasPrefix("_ = Task {"), "\(file):\(line.number): nobody awaits this task")
            }
        }
    }

    @Test("What the compiler is told to believe, it is told why: in the eight lines above, or the two below")
    func soundness() throws {
        let claims = ["@unchecked Sendable", "nonisolated(unsafe)", "unsafeBitCast("]
        for file in Repository.swiftFiles(below: "Sources") {
            let source = try #require(Repository.text(file))
            let raw = source.split(separator: "\n", omittingEmptySubsequences: false)
            for line in swiftLines(source) where claims.contains(where: { line.code.contains($0) }) {
                let first = max(0, line.number - 9)
                let last = min(raw.count, line.number + 2)
                #expect(raw[first..<last].contains { $0.contains("//") }, "\(file):\(line.number): say why this is sound")
            }
        }
    }

    @Test("What may stand in a message is a list: who adds to it has asked whether it can name a user, a subject or a place")
    func sayable() throws {
        var found: [String] = []
        for file in Repository.swiftFiles(below: "Sources") {
            let source = try #require(Repository.text(file))
            for line in swiftLines(source) {
                if let match = line.code.firstMatch(of: /(?:extension|struct|enum|class|actor) (\w+): [^{]*\bSayable\b/) {
                    found.append(String(match.1))
                }
                // Text that was looked at: by who reads the few lines that make messages.
                let isThere = file.hasPrefix("Sources/VicinityServer/Log/")
                #expect(
                    isThere || !occurs("OperatorText(", in: line.code), "\(file):\(line.number): text is made sayable beside the messages")
            }
        }
        let permitted = ["ConfigurationError", "Int", "Int64", "OperatorText", "SocketName", "StoreFault", "SystemUser"]
        #expect(found.sorted() == permitted)
    }

    @Test("Sources names no machine's path", arguments: ["/home/", "/Users/", "/root/"])
    func paths(path: String) throws {
        for file in Repository.swiftFiles(below: "Sources") {
            let source = try #require(Repository.text(file))
            #expect(!source.contains(path), "\(file) names \(path)")
        }
    }
}

/// Whether `pattern` stands in a line of code, and not as the end of a longer word.
private func occurs(_ pattern: String, in code: String) -> Bool {
    var rest = code[...]
    while let range = rest.firstRange(of: pattern) {
        let before = range.lowerBound == code.startIndex ? nil : code[code.index(before: range.lowerBound)]
        let startsWord = pattern.first.map { $0.isLetter } ?? false
        if !startsWord || !(before.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false) { return true }
        rest = rest[range.upperBound...]
    }
    return false
}
