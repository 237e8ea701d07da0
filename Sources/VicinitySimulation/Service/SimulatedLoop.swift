import NIOCore
import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

/// What other threads have asked an event loop to do, in order.
struct SimulatedLoop {
    enum Task {
        case headMoved
        case receipt(link: UInt64, Receipt)
        case goOn(Link)
        case opened(link: UInt64, Result<OpenedSubscription, SubscriptionRefusal>)
        case cut(link: UInt64, CutPiece?)
        case acknowledged(link: UInt64)
        case loaded(link: UInt64, Result<[EventBlock], StoreFault>)
        case end
        case drain
        case cutShort

        /// For a trace.
        var name: String {
            switch self {
            case .headMoved: "the head has moved"
            case .receipt(let link, let receipt): "connection \(link) is told of line \(receipt.upTo)"
            case .goOn(let link): "connection \(link.id) may read again"
            case .opened(let link, let answer): "connection \(link) is answered: \(Opening(answer))"
            case .cut(let link, let piece): "connection \(link) gets \(piece?.pairs.count ?? 0) pairs"
            case .acknowledged(let link): "the cursor of connection \(link) is durable"
            case .loaded(let link, .success(let blocks)): "connection \(link) gets \(blocks.count) blocks from the disk"
            case .loaded(let link, .failure): "connection \(link) is told that the disk cannot be read"
            case .end: "every gateway gets its last ack"
            case .drain: "every relay gets what is durable"
            case .cutShort: "every relay is cut off"
            }
        }
    }

    var tasks = CircularBuffer<Task>()
    /// The loop has been told that the head moved, and has not yet looked.
    var isTold = false
}

/// A subscriber's wish to read the log from the disk.
struct PendingRead {
    let link: UInt64
    let loop: Int
    let after: Int64
    /// What was read, until the loop is told.
    var blocks: Result<[EventBlock], StoreFault>?
}
