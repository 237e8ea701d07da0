// Reports and suspensions, in both stores.

import Testing
import VicinityStore

struct ReportTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func report(_ number: Int64, user: String, countsUntil: Int64? = nil) -> ReportRow {
        ReportRow(
            number: number, wallTime: number, user: Array(user.utf8), subject: Array("s-1".utf8), kind: "dispute", text: "text \(number)",
            countsUntil: countsUntil)
    }

    private func state(of store: some LogStore) throws -> [Recovered] {
        try Recovery(of: store).items.filter { piece in
            switch piece {
            case .suspension, .report, .reported: true
            default: false
            }
        }
    }

    /// The same on disk, in memory, and after a crash.
    private func stores(after commits: [Commit]) throws -> [any LogStore & ReportReader] {
        let store = try place.open()
        let memory = memoryStore()
        for commit in commits {
            try store.append(commit)
            try memory.append(commit)
        }
        return [store, memory, try place.crashed().open()]
    }

    @Test
    func onlyWhatIsOpenOrCountsIsRecovered() throws {
        let resolution = ReportRow.Resolution(outcome: "upheld", note: "seen", wallTime: 50)
        let created = [
            report(1, user: "a"), report(2, user: "a", countsUntil: 59), report(3, user: "b", countsUntil: 60), report(4, user: "b"),
        ]
        let commits = [
            Commit(number: 1, reports: created.map { .create($0) }, wallTime: 10),
            Commit(number: 2, reports: (1...3).map { .resolve(number: $0, resolution) }, wallTime: 60),
        ]
        var resolved = Array(created[0...2])
        for index in resolved.indices { resolved[index].resolution = resolution }
        for store in try stores(after: commits) {
            #expect(try state(of: store) == [.reported(through: 4), .report(resolved[2]), .report(created[3])])
            #expect(try store.reports(after: 0, limit: 9, state: nil) == resolved + [created[3]])
            #expect(try store.reports(after: 0, limit: 9, state: .open) == [created[3]])
            #expect(try store.reports(after: 0, limit: 2, state: .resolved) == Array(resolved[0...1]))
            #expect(try store.reports(after: 2, limit: 2, state: .resolved) == [resolved[2]])
            #expect(try store.report(number: 4) == created[3])
            #expect(try store.report(number: 5) == nil)
        }
    }

    @Test
    func aReportIsResolvedOnce() throws {
        let first = ReportRow.Resolution(outcome: "upheld", wallTime: 5)
        let second = ReportRow.Resolution(outcome: "rejected", note: "no", wallTime: 6)
        let changes: [ReportChange] = [
            .create(report(1, user: "a")), .resolve(number: 1, first), .resolve(number: 1, second), .resolve(number: 7, first),
        ]
        for store in try stores(after: [Commit(number: 1, reports: changes, wallTime: 0)]) {
            #expect(try store.report(number: 1)?.resolution == first)
            #expect(try state(of: store) == [.reported(through: 1)])
        }
    }

    /// In every report, open or resolved, and nowhere in the file.
    @Test
    func aUserIsForgottenInEveryReport() throws {
        let user = "somebody-with-a-name"
        let resolution = ReportRow.Resolution(outcome: "upheld", wallTime: 5)
        let created = [report(1, user: user, countsUntil: 99), report(2, user: "other", countsUntil: 99), report(3, user: user)]
        let commits = [
            Commit(number: 1, reports: created.map { .create($0) } + [.resolve(number: 1, resolution)], wallTime: 10),
            Commit(number: 2, reports: [.anonymise(user: Array(user.utf8)), .anonymise(user: [1])], wallTime: 10),
        ]
        for store in try stores(after: commits) {
            let found = try store.reports(after: 0, limit: 9, state: nil)
            #expect(found.map(\.user) == [nil, Array("other".utf8), nil])
            #expect(found.map(\.text) == [nil, "text 2", nil])
            #expect(found.map(\.countsUntil) == [nil, 99, nil])
            #expect(found.map(\.resolution) == [resolution, nil, nil])
            #expect(try state(of: store) == [.reported(through: 3), .report(found[1]), .report(found[2])])
        }
        let closed = try place.crashed()
        try closed.open().close()
        let text = try String(decoding: closed.bytes(), as: UTF8.self)
        #expect(!text.contains(user) && text.contains("other"))
    }

    @Test
    func suspensionsOfBothSourcesAreIndependent() throws {
        func row(_ id: String, _ source: SuspensionRow.Source, _ reason: String = "because") -> SuspensionRow {
            SuspensionRow(subject: Array(id.utf8), source: source, reason: reason, wallTime: 7)
        }
        let commits = [
            Commit(
                number: 1,
                suspensions: [
                    .set(row("z", .dispute)), .set(row("a", .dispute)), .set(row("a", .operator)), .set(row("a", .operator, "twice")),
                    .set(row("b", .operator)), .remove(subject: Array("b".utf8), source: .dispute),
                ], wallTime: 0),
            Commit(number: 2, suspensions: [.remove(subject: Array("z".utf8), source: .dispute), .set(row("aa", .dispute))], wallTime: 0),
        ]
        for store in try stores(after: commits) {
            let expected = [row("a", .operator, "twice"), row("a", .dispute), row("aa", .dispute), row("b", .operator)]
            #expect(try state(of: store) == expected.map { .suspension($0) })
        }
    }

    @Test
    func aNumberIsGivenOnce() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, reports: [.create(report(1, user: "a"))], wallTime: 0))
        let fault = #expect(throws: StoreFault.self) {
            try store.append(Commit(number: 2, reports: [.create(report(1, user: "b"))], wallTime: 0))
        }
        guard case .refused = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        #expect(try store.report(number: 1)?.user == Array("a".utf8))
    }
}
