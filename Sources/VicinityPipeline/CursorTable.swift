import VicinityStore
import VicinityWire

/// The named subscribers, and who of them is connected.
///
/// The writer owns it: what it says of cursors is what the open commit will have made durable.
struct CursorTable {
    private var cursors: [[UInt8]: Cursor]
    /// Connections by what they hold.
    private var holders: [UInt64: Holding] = [:]
    private var connected: [[UInt8]: UInt64] = [:]
    /// Made anew when something has changed, and shared by every commit until then.
    private var cached: [SubscriberState]?

    private struct Holding {
        var name: [UInt8]?
        var cut: Int64?
    }

    init(_ cursors: [Cursor]) { self.cursors = Dictionary(uniqueKeysWithValues: cursors.map { ($0.name, $0) }) }

    /// By name.
    var states: [SubscriberState] {
        mutating get {
            if let cached { return cached }
            let made = cursors.values
                .map { SubscriberState(name: $0.name, acked: $0.acked, wallTime: $0.wallTime, isConnected: connected[$0.name] != nil) }
                .sorted { $0.name.lexicographicallyPrecedes($1.name) }
            cached = made
            return made
        }
    }

    /// Opens a subscription, and gives it the name that it asks for.
    ///
    /// - Returns: the seq after which it begins, and what is to become durable before it is answered.
    mutating func open(
        _ request: SubscriptionRequest, head: Int64, now: Int64
    ) -> Result<(after: Int64, change: CursorChange?), SubscriptionRefusal> {
        let known = request.name.flatMap { cursors[$0] }
        if let name = request.name, connected[name] != nil {
            return .failure(SubscriptionRefusal(.nameInUse, "another connection has this name; it is free when that one is closed"))
        }
        if let after = request.after, known == nil, after > head {
            return .failure(SubscriptionRefusal(.afterHead, "after is \(after), the newest event is \(head)"))
        }
        holders[request.holder] = Holding(name: request.name)
        guard let name = request.name else { return .success((request.after ?? head, nil)) }
        connected[name] = request.holder
        cached = nil
        let after = request.wantsSnapshot ? head : known?.acked ?? request.after ?? head
        guard known?.acked != after else { return .success((after, nil)) }
        let cursor = Cursor(name: name, acked: after, wallTime: now)
        cursors[name] = cursor
        return .success((after, .set(cursor)))
    }

    /// Gives a name to a connection that had it in another process; its cursor stays.
    ///
    /// - Returns: false, and nothing has changed, if there is no such name or somebody else has it.
    mutating func reclaim(_ name: [UInt8], holder: UInt64) -> Bool {
        guard cursors[name] != nil, connected[name] == nil, holders[holder] == nil else { return false }
        holders[holder] = Holding(name: name)
        connected[name] = holder
        cached = nil
        return true
    }

    /// - Returns: what is to become durable; `nil` if the cursor is there already, or further.
    mutating func acknowledge(holder: UInt64, seq: Int64, now: Int64) -> CursorChange? {
        guard let name = holders[holder]?.name, var cursor = cursors[name], seq > cursor.acked else { return nil }
        cursor.acked = seq
        cursor.wallTime = now
        cursors[name] = cursor
        cached = nil
        return .set(cursor)
    }

    mutating func remove(_ name: [UInt8]) -> SubscriberRemoval {
        guard cursors[name] != nil else { return .unknown }
        guard connected[name] == nil else { return .inUse }
        cursors[name] = nil
        cached = nil
        return .removed
    }

    mutating func setCut(_ cut: Int64, of holder: UInt64) { holders[holder, default: Holding()].cut = cut }

    func cut(of holder: UInt64) -> Int64? { holders[holder]?.cut }

    /// Forgets a connection.
    ///
    /// - Returns: the cut that it had begun.
    mutating func release(holder: UInt64) -> Int64? {
        guard let holding = holders.removeValue(forKey: holder) else { return nil }
        if let name = holding.name, connected[name] == holder {
            connected[name] = nil
            cached = nil
        }
        return holding.cut
    }
}
