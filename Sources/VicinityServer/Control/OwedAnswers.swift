import Synchronization

/// How many operators wait for an answer, or have connected and not asked yet; any thread may ask.
///
/// Their connections are not kept over a restart. So whoever is there when the daemon stops is answered first, and nobody who connected a
/// moment too early finds the connection reset.
final class OwedAnswers: Sendable {
    private let count = Atomic(0)

    var areDue: Bool { count.load(ordering: .acquiring) > 0 }

    /// Somebody has connected, or has asked again.
    func begin() { count.add(1, ordering: .acquiringAndReleasing) }

    /// Somebody has been answered, or has gone.
    func end() { count.subtract(1, ordering: .acquiringAndReleasing) }
}
