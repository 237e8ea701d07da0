import Synchronization

/// How far the two threads of the pipeline have come, in steps of work that end, so that somebody else can tell a busy one from a stuck one.
///
/// A number says nothing by itself; that it has changed says that a step was done. What is no work (a look at a clock, a wait) is no step, or
/// a thread that goes round in an empty circle would look alive.
package final class Progress: Sendable {
    private let engineSteps = Atomic<UInt64>(0)
    private let storeSteps = Atomic<UInt64>(0)
    private let isEngineWaiting = Atomic<Bool>(false)

    package init() {}

    /// The engine has done a batch, a request or a slice.
    package func engineAdvanced() { engineSteps.wrappingAdd(1, ordering: .relaxed) }

    /// The store has tried a commit, or done a piece of an erasure or of a removal.
    ///
    /// A try that failed for a cause that may pass is a step too: a full disk makes the daemon wait, it does not make it stuck.
    package func storeAdvanced() { storeSteps.wrappingAdd(1, ordering: .relaxed) }

    /// Steps of the engine.
    package var engine: UInt64 { engineSteps.load(ordering: .relaxed) }

    /// Steps of the store.
    package var store: UInt64 { storeSteps.load(ordering: .relaxed) }

    /// Whether the engine can do nothing until the store is done with a commit.
    package var engineWaitsForStore: Bool { isEngineWaiting.load(ordering: .relaxed) }

    /// Does what makes the engine wait for the store.
    package func whileWaitingForStore(_ wait: () -> Void) {
        isEngineWaiting.store(true, ordering: .relaxed)
        wait()
        isEngineWaiting.store(false, ordering: .relaxed)
    }
}
