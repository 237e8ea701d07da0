import NIOCore
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

// The state as the daemon shows it: in answers, in numbers, and after a recovery.

extension Oracle {
    /// Holds the numbers that go with a commit against the model.
    func check(_ snapshot: Snapshot) throws(Violation) {
        func compare<Value: Equatable>(_ what: String, _ expected: Value, _ got: Value) throws(Violation) {
            try demand(expected == got, "\(what): expected \(expected), got \(got)")
        }
        try compare("users", model.userCount, snapshot.users)
        try compare("subjects", model.subjectCount, snapshot.subjects)
        try compare("pairs inside", model.pairCount, snapshot.pairs)
        try compare("the last event", Int64(model.events.count), snapshot.head)
        try compare("the tally", model.tally, snapshot.tally)
        let states = snapshot.subscribers.map { SubscriberLedger.text($0.name, $0.acked, isConnected: $0.isConnected) }
        try compare("the subscribers", subscribers.states, states)
    }

    /// Holds an answer of the writer against the next one that is due.
    func check(_ answer: Answer) throws(Violation) {
        let expected = answers.popFirst()
        try demand(expected == answer, "expected the answer \(expected.map { "\($0)" } ?? "of nobody"), got \(answer)")
    }

    /// What an operator is to see of a user.
    func user(_ id: [UInt8]) -> UserAnswer? {
        guard let user = model.users[id] else { return nil }
        let inside = model.subjects.values.filter { user.encounters[$0.serial] != nil }.map(\.id)
        return UserAnswer(
            time: user.track?.accepted.time ?? user.lastTime, radius: user.radius,
            inside: inside.sorted { $0.lexicographicallyPrecedes($1) }, position: user.track?.accepted.position)
    }

    /// Holds all that is durable against the model, after it was rolled back: recovers once more, from a copy, and asks for everything.
    ///
    /// - Parameters:
    ///   - contents: what the crash left.
    ///   - hashSeed: any number.
    func checkState(_ contents: MemoryStore.Contents, hashSeed: UInt64) throws(Violation) {
        try checkRegister(contents)
        let suspensions = contents.suspensions.reduce(into: [[UInt8]: Set<SuspensionRow.Source>]()) {
            $0[$1.subject, default: []].insert($1.source)
        }
        try demand(
            suspensions == model.suspensions.mapValues(\.all), "the durable suspensions are \(suspensions), expected \(model.suspensions)")
        let cursors = contents.cursors.mapValues(\.acked)
        try demand(cursors == subscribers.cursors, "the durable cursors are \(cursors), expected \(subscribers.cursors)")
        // What a recovery brings by itself, such as a timer that is due at once, belongs to this copy alone.
        let present = model
        defer { model = present }
        model.restart(at: model.clock)
        let copy = MemoryStore(contents, auditKey: SimulatedDisk.auditKey)
        try checkReports(contents, copy)
        let mailbox = Mailbox()
        let recovered: Recovery.Recovered
        do throws(Recovery.Failure) {
            recovered = try Recovery.run(copy, rules: model.rules, hashSeed: hashSeed, precisionKey: Self.precisionKey, now: model.clock)
        } catch {
            throw Violation("the state cannot be recovered: \(error)")
        }
        var writer = Writer(recovered)
        model.turn(to: model.clock)
        let users = model.users.keys.sorted { $0.lexicographicallyPrecedes($1) }
        for id in users { writer.handle(.user(id, Reply { mailbox.put(.user($0)) }), now: model.clock) }
        let open = writer.takeCommit(now: model.now)
        _ = Committer(store: copy, feed: Feed(head: copy.head.seq, oldest: 1), statistics: Statistics()).attempt(open)
        for (id, note) in zip(users, mailbox.take()) {
            guard case .user(let view) = note else { throw Violation("a user was asked for, and something else was answered") }
            try demand(
                view.map(UserAnswer.init) == user(id),
                "user \(Text.quoted(id)): expected \(user(id).map { "\($0)" } ?? "nothing"), recovered \(view.map { "\($0)" } ?? "nothing")"
            )
        }
        var snapshot = open.snapshot
        // Nobody keeps count across a restart.
        snapshot.tally = model.tally
        try check(snapshot)
    }

    private func checkRegister(_ contents: MemoryStore.Contents) throws(Violation) {
        try demand(
            contents.subjects.count == model.subjectCount,
            "the register holds \(contents.subjects.count) subjects, expected \(model.subjectCount)")
        for row in contents.subjects.values.sorted(by: { $0.slot < $1.slot }) {
            let place = Coordinate(latitudeDegrees: row.latitude, longitudeDegrees: row.longitude)
            try demand(
                model.subjects[row.id]?.putPosition == place && model.subjects[row.id]?.kind == row.kind,
                "the register holds another subject \(Text.quoted(row.id)) than was put")
        }
    }
}

extension UserAnswer {
    init(_ view: UserView) {
        self.init(time: view.time, radius: view.radius, inside: view.inside, position: view.position)
    }
}
