import VicinityCore
import VicinityPipeline
import VicinityStore
import VicinityWire

/// What the writer answers, as far as it can be known beforehand.
enum Answer: Equatable {
    /// How many subjects were put or removed.
    case count(Int)
    /// Whether there is such a subject, or something may be told.
    case known(Bool)
    /// The number of a report that was made; 0 if none was.
    case report(Int64)
    /// Whether a report was open; `nil` if there is none.
    case resolved(Bool?)
    /// What became of a request for an edition: how many subjects, or why nothing; a number that cannot be foreseen is 0.
    case edition(Result<Int, EditionRefusal>)
    /// Whether a rotation of the key of the cells was not refused.
    case rotation(isDone: Bool)
    /// What is known of a user.
    case user(UserAnswer?)
    /// Name, cursor and whether it is connected, of each.
    case subscribers([String])
    case removal(String)
    /// Where the stream of a connection begins, or the code of the refusal.
    case opened(link: UInt64, Opening)
    case cut(link: UInt64)
    case acknowledged(link: UInt64)
}

/// The answer to a subscription.
enum Opening: Equatable {
    case after(Int64)
    case refused(String)
}

/// What an operator may see of a user.
struct UserAnswer: Equatable {
    let time: Int64
    let radius: Double
    let inside: [[UInt8]]
    /// `nil` of a silent user.
    let position: Coordinate?
}

/// The named subscribers, kept as the contract has it.
struct SubscriberLedger {
    /// The cursors of all names.
    private(set) var cursors: [[UInt8]: Int64] = [:]
    private var connected: [[UInt8]: UInt64] = [:]
    private var names: [UInt64: [UInt8]] = [:]

    /// Opens a subscription.
    ///
    /// - Parameter head: of the log, with what is not yet durable.
    mutating func open(_ request: SubscriptionRequest, head: Int64) -> Opening {
        guard let name = request.name else { return .after(request.after ?? head) }
        if connected[name] != nil { return .refused("name_in_use") }
        if cursors[name] == nil, let after = request.after, after > head { return .refused("after_head") }
        connected[name] = request.holder
        names[request.holder] = name
        let after = request.wantsSnapshot ? head : cursors[name] ?? request.after ?? head
        cursors[name] = after
        return .after(after)
    }

    mutating func acknowledge(_ holder: UInt64, _ seq: Int64) {
        guard let name = names[holder], let cursor = cursors[name] else { return }
        cursors[name] = max(cursor, seq)
    }

    mutating func release(_ holder: UInt64) {
        guard let name = names.removeValue(forKey: holder) else { return }
        connected[name] = nil
    }

    mutating func remove(_ name: [UInt8]) -> String {
        guard cursors[name] != nil else { return "unknown" }
        guard connected[name] == nil else { return "in use" }
        cursors[name] = nil
        return "removed"
    }

    /// The daemon has begun anew.
    mutating func restart(_ durable: [[UInt8]: Int64]) { self = SubscriberLedger(cursors: durable) }

    init(cursors: [[UInt8]: Int64] = [:]) { self.cursors = cursors }

    /// By name.
    var states: [String] {
        cursors.sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { Self.text($0.key, $0.value, isConnected: connected[$0.key] != nil) }
    }

    static func text(_ name: [UInt8], _ acked: Int64, isConnected: Bool) -> String {
        "\(String(decoding: name, as: UTF8.self)) \(acked)\(isConnected ? " connected" : "")"
    }
}

extension SubscriberRemoval {
    /// A word.
    var text: String {
        switch self {
        case .removed: "removed"
        case .unknown: "unknown"
        case .inUse: "in use"
        }
    }
}
