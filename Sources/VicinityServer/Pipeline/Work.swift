import VicinityCore
import VicinityStore

/// One thing for the engine's thread to do. Everything that changes state comes this way, and so does what must see it between two steps.
enum Work: Sendable {
    /// Lines of a gateway, and whom to tell when they are durable.
    case fixes(FixBatch, Gateway)
    /// Nothing but a wish to be told when all that came before is durable: up to this line.
    case settle(Gateway, upTo: UInt64)
    case put([SubjectRow], Reply<Int>)
    case remove([[UInt8]], Reply<Int>)
    case user([UInt8], Reply<UserView?>)
    case isMoving([UInt8], Reply<Bool?>)
    case configure(Rules, commitInterval: Int64)
}

/// Where to send what became of a gateway's lines.
struct Gateway: Sendable {
    let id: UInt64
    /// Called on the store's thread, after the commit.
    let deliver: @Sendable (Receipt) -> Void
}

/// What a commit means to one gateway.
struct Receipt: Sendable {
    /// The number of the last line that is durable now.
    var upTo: UInt64
    /// Errors of the lines that this commit covers, in order; ``LineError/line`` counts from `firstLine` of its batch.
    var errors: [(line: UInt64, error: LineError)]
}

/// An answer that is sent once, after what it says is durable.
struct Reply<Value: Sendable>: Sendable {
    let send: @Sendable (Value) -> Void
}
