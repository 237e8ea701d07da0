// How a user is taken out of events that are stored: the block is written anew, as it would have been had the event never named the user. A seq keeps its
// place.

/// A user who is to be taken out of events.
public struct ForgottenUser: Sendable, Equatable {
    /// UTF-8, not empty.
    public var id: [UInt8]
    /// The seq of the last event that is to lose the user; whoever has the id later is somebody new.
    public var through: Int64

    public init(id: [UInt8], through: Int64) {
        self.id = id
        self.through = through
    }
}

extension InsidePairs {
    /// The pairs, those of a user without the id.
    func forgetting(_ id: [UInt8]) -> InsidePairs {
        var kept = InsidePairs()
        forEachView { pair in
            let user = pair.user.elementsEqual(id) ? UnsafeRawBufferPointer(start: nil, count: 0) : pair.user
            kept.append(pair, user: user)
        }
        return kept
    }
}

extension EventBlock {
    /// The block without some users.
    ///
    /// - Parameter users: few, since each event is held against each of them.
    /// - Returns: the block, and in how many events each of the users stood, in their order; `nil` if in none.
    /// - Throws: ``Damaged`` if the bytes are not those of a block.
    /// - Complexity: O(bytes); no allocation if it names none of them.
    public func forgetting(_ users: [ForgottenUser]) throws -> (block: EventBlock, events: [Int64])? {
        var events = [Int64](repeating: 0, count: users.count)
        // Somebody may have been forgotten, come again, and been forgotten again: an event is that of the first time that takes it.
        func place(_ view: EventView) -> Int? {
            users.firstIndex { view.seq <= $0.through && view.user.elementsEqual($0.id) }
        }
        try forEachView { view in
            if let place = place(view) { events[place] += 1 }
        }
        guard events.contains(where: { $0 > 0 }) else { return nil }
        var builder = EventBlockBuilder(firstSeq: firstSeq, reserving: bytes.count)
        try forEachView { view in
            let user = place(view) == nil ? view.user : UnsafeRawBufferPointer(start: nil, count: 0)
            builder.append(time: view.time, change: view.change, user: user, subject: view.subject, kind: view.kind)
        }
        return builder.finish().map { ($0, events) }
    }
}
