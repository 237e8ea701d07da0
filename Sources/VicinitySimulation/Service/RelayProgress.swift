// What a named relay keeps over all its connections, to show at the end that it missed nothing.

/// The memory of a named relay.
struct RelayProgress {
    /// The seq after which its events begin; `nil` before it ever subscribed.
    private(set) var first: Int64?
    /// Everything up to here was received, filtered, or declared as gone.
    private(set) var seen: Int64 = 0
    /// The highest seq that it has acknowledged, durably or not.
    var acked: Int64 = 0
    /// By seq: received, or declared as gone.
    private var isKnown: [Bool] = []

    /// What it may acknowledge; `nil` if there is nothing new.
    var ackable: Int64? { seen > acked ? seen : nil }

    /// A subscription was answered.
    ///
    /// - Parameters:
    ///   - cursor: where the stream goes on; beyond `after` if events in between are gone.
    mutating func subscribed(after: Int64, gap cursor: Int64, isSnapshot: Bool, relay: Int) throws(Violation) {
        acked = after
        // What was before a snapshot is told by it.
        if first == nil || isSnapshot {
            first = after
            seen = after
        }
        try demand(after <= seen, "relay \(relay) is to go on after event \(after), but has seen only \(seen)")
        if cursor > after { lost(after + 1...cursor) }
    }

    /// Somebody removed its cursor: it begins anew.
    mutating func forget() { self = RelayProgress() }

    mutating func got(_ seq: Int64) { know(seq...seq) }

    mutating func lost(_ range: ClosedRange<Int64>) { know(range) }

    mutating func sees(_ cursor: Int64) { seen = max(seen, cursor) }

    private mutating func know(_ range: ClosedRange<Int64>) {
        while isKnown.count <= range.upperBound { isKnown.append(false) }
        for seq in range { isKnown[Int(seq)] = true }
    }

    /// Whether an event was received or declared as gone.
    func knows(_ seq: Int64) -> Bool { seq < isKnown.count && isKnown[Int(seq)] }
}
