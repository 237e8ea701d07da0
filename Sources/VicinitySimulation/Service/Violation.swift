/// A promise that the simulated daemon has broken, in a sentence.
struct Violation: Error {
    let what: String

    init(_ what: String) { self.what = what }
}

/// Demands that something holds.
///
/// - Parameter what: what is wrong if it does not.
@inline(__always)
func demand(_ holds: Bool, _ what: @autoclosure () -> String) throws(Violation) {
    if !holds { throw Violation(what()) }
}

/// What broke a promise, and how to see it again.
package struct ServiceFailure: Error, CustomStringConvertible {
    package let run: ServiceRun
    /// The step in which it was seen, counted from 0; beyond the last one, the run was coming to rest.
    package let step: Int
    package let what: String

    package var description: String {
        // Until the end is in sight a run does not know how long it is to be.
        let again = ServiceRun(seed: run.seed, steps: min(run.steps, step + 1))
        return "seed \(run.seed), step \(step): \(what)\nagain: \(again.command)"
    }
}

/// How a simulation of the daemon was told to run; enough to run it again.
package struct ServiceRun: Sendable {
    package var seed: UInt64
    /// After so many steps nothing goes wrong any more, and everything must come to rest.
    package var steps: Int

    package init(seed: UInt64, steps: Int) {
        self.seed = seed
        self.steps = steps
    }

    /// What to type to see it again.
    package var command: String { "vicinity-sim daemon --seed \(seed) --steps \(steps)" }
}
