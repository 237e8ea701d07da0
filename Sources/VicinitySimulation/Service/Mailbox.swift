import Synchronization
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

/// What the announcement of a commit says to whom, until the simulation hands it on.
///
/// The daemon's answers are closures that may be called on any thread; here they only leave a note.
final class Mailbox: Sendable {
    enum Note: Sendable {
        case headMoved
        case receipt(link: UInt64, Receipt)
        case opened(link: UInt64, Result<OpenedSubscription, SubscriptionRefusal>)
        case cut(link: UInt64, CutPiece?)
        case acknowledged(link: UInt64)
        case count(Int)
        case known(Bool)
        case reported(Result<Int64, DisclosureRefusal>)
        case resolved(ReportOutcome)
        case begun(Result<Int64, EditionRefusal>)
        case edition(Result<Int, EditionRefusal>)
        case rotation(Result<Int, RotationRefusal>)
        case user(UserView?)
        case subscribers([SubscriberState])
        case removal(SubscriberRemoval)
        case pruned(Result<Pruned, StoreFault>)
    }

    private let notes = Mutex<[Note]>([])

    func put(_ note: Note) { notes.withLock { $0.append(note) } }

    func take() -> [Note] {
        notes.withLock { notes in
            defer { notes = [] }
            return notes
        }
    }
}
