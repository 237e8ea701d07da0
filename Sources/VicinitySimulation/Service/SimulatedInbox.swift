import NIOCore
import VicinityPipeline

/// The bounded queue into the engine's thread, by the rules of the daemon's own.
struct SimulatedInbox {
    private var elements = CircularBuffer<(work: Work, cost: Int)>()
    private(set) var cost = 0
    private(set) var isFinished = false
    /// Who was told to stop until there is room.
    private var waiting: [Link] = []
    private let bound: Int

    init(bound: Int) { self.bound = bound }

    var isEmpty: Bool { elements.isEmpty }

    /// Puts what a gateway sent.
    ///
    /// - Returns: whether it may go on.
    mutating func put(_ work: Work, cost added: Int, from link: Link) throws(Violation) -> Bool {
        try demand(!waiting.contains { $0 === link }, "connection \(link.id) puts into a full inbox although it was told to stop")
        guard !isFinished else { return true }
        elements.append((work, added))
        cost += added
        guard cost >= bound else { return true }
        waiting.append(link)
        return false
    }

    /// Puts what must not wait.
    ///
    /// - Returns: `false` if the inbox takes nothing more.
    mutating func put(_ work: Work) -> Bool {
        if !isFinished { elements.append((work, 0)) }
        return !isFinished
    }

    /// Takes the next element, and those who may go on now.
    mutating func take() -> (work: Work, ready: [Link])? {
        guard let (work, taken) = elements.popFirst() else { return nil }
        cost -= taken
        var ready: [Link] = []
        if cost < bound / 2 { swap(&ready, &waiting) }
        return (work, ready)
    }

    mutating func finish() { isFinished = true }
}
