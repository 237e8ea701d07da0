// How a user is taken out of events that are stored: the bytes of the id go, everything else stays as it is, byte for byte. So it depends on
// nothing that comes after the user in an event, and a seq keeps its place.

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
        var cuts: [Range<Int>] = []
        var events = [Int64](repeating: 0, count: users.count)
        try forEachRange { seq, user, range in
            // Somebody may have been forgotten, come again, and been forgotten again: an event is that of the first time that takes it.
            guard let place = users.firstIndex(where: { seq <= $0.through && user.elementsEqual($0.id) }) else { return }
            events[place] += 1
            cuts.append(range)
        }
        guard !cuts.isEmpty else { return nil }
        var rest: [UInt8] = []
        rest.reserveCapacity(bytes.count)
        var start = 0
        for cut in cuts {
            rest += bytes[start..<cut.lowerBound]
            rest.append(0)
            start = cut.upperBound
        }
        rest += bytes[start...]
        return (EventBlock(firstSeq: firstSeq, count: count, bytes: rest), events)
    }

    /// Calls `body` for each event that has a user, with where the user stands in the bytes, length and all.
    private func forEachRange(_ body: (Int64, UnsafeRawBufferPointer, Range<Int>) -> Void) throws {
        try bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return }
            try forEachView { view in
                guard !view.user.isEmpty, let start = view.user.baseAddress else { return }
                let offset = start - base
                // An id has 128 bytes at most: one of 128 has a length of two bytes.
                body(view.seq, view.user, offset - (view.user.count < 0x80 ? 1 : 2)..<offset + view.user.count)
            }
        }
    }
}
