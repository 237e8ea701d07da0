package import VicinityCore

/// How a simulation was told to run; enough to run it again.
package struct Run: Sendable {
    package var scene: Scene
    package var seed: UInt64
    package var steps: Int

    package init(scene: Scene, seed: UInt64, steps: Int) {
        self.scene = scene
        self.seed = seed
        self.steps = steps
    }

    /// What to type to see it again.
    package var command: String { "vicinity-sim compare --world \(scene.rawValue) --seed \(seed) --steps \(steps)" }
}

/// What came of a run that found no difference, or of the part before one.
package struct Figures: Sendable, Equatable {
    /// Accepted fixes and changes of the register, each evaluated against all pairs that it concerns.
    package var situations = 0
    /// Distances measured by the model.
    package var pairEvaluations = 0
    package var events = 0
    /// FNV-1a over all events as text: the same seed gives the same in every process.
    package var digest: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    package mutating func add(_ event: Event) {
        events += 1
        for byte in Text.event(event).utf8 { digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }

    /// Adds those of another run, in order; the digest of a single run stays what it is.
    package mutating func add(_ other: Figures) {
        digest = situations == 0 ? other.digest : (digest ^ other.digest) &* 0x0000_0100_0000_01b3
        situations += other.situations
        pairEvaluations += other.pairEvaluations
        events += other.events
    }
}

/// The first thing that engine and model do not agree on.
package struct Difference: Error, CustomStringConvertible {
    package let run: Run
    /// Counted from 0.
    package let step: Int
    package let happening: Step
    package let expected: String
    package let got: String

    package var description: String {
        """
        \(run.scene.rawValue), seed \(run.seed), step \(step):
        expected \(expected)
        got      \(got)
        after
        \(happening)
        again: \(Run(scene: run.scene, seed: run.seed, steps: step + 1).command)
        """
    }
}

/// Runs engine and model side by side.
package enum Comparison {
    /// - Parameters:
    ///   - vary: puts a step in the place of one that the world brings.
    ///   - disturb: changes what the engine is told, to show that a difference would be seen.
    ///   - observe: is called with every step before it is taken.
    /// - Throws: the first ``Difference``.
    package static func run(
        _ run: Run, varying vary: (Int, Step) -> Step = { $1 }, disturbing disturb: (Step) -> Step = { $0 },
        observing observe: (Int, Step) -> Void = { _, _ in }
    ) throws(Difference) -> Figures {
        var world = World(run.scene, seed: run.seed)
        var model = Model(rules: world.rules, at: World.clockAtBeginning, precisionKey: World.precisionKeyAtBeginning)
        var engine = EngineAdapter(rules: world.rules, at: World.clockAtBeginning, seed: run.seed)
        var figures = Figures()
        for number in 0..<run.steps {
            let step = vary(number, world.next())
            observe(number, step)
            let seen = model.events.count
            model.perform(step)
            let answer = engine.perform(disturb(step))
            func compare<Value: Equatable>(_ what: String, _ expected: Value?, _ got: Value?) throws(Difference) {
                guard expected != got else { return }
                throw Difference(
                    run: run, step: number, happening: step, expected: "\(what) \(describe(expected))", got: "\(what) \(describe(got))")
            }
            let expected = model.events[seen...]
            for index in 0..<max(expected.count, answer.events.count) {
                try compare("event", expected.dropFirst(index).first, answer.events.dropFirst(index).first)
            }
            for index in 0..<max(model.errors.count, answer.errors.count) {
                try compare("error", model.errors.dropFirst(index).first, answer.errors.dropFirst(index).first)
            }
            try compare("tally", model.tally, engine.tally)
            try compare("users", model.userCount, engine.userCount)
            try compare("subjects", model.subjectCount, engine.subjectCount)
            try compare("pairs inside", model.pairCount, engine.pairCount)
            for event in model.events.suffix(12) {
                let user = event.user ?? []
                try compare(
                    "nearness of \(Text.quoted(user)) to \(Text.quoted(event.subject))",
                    model.nearness(user: user, subject: event.subject), engine.nearness(user: user, subject: event.subject))
            }
            for event in expected { figures.add(event) }
            figures.situations = model.situations
            figures.pairEvaluations = model.pairEvaluations
        }
        return figures
    }

    private static func describe<Value>(_ value: Value?) -> String {
        switch value {
        case nil: "nothing"
        case let event as Event: Text.event(event)
        case .some(let value): "\(value)"
        }
    }
}
