// All pairs that were inside at one seq, handed out piece by piece while the engine goes on.
//
// A cut is begun at the head. From then on its reader walks over the users' slots; what it finds open with an enter up to the cut's seq was
// inside at the cut, and what was opened later is passed over. A pair that leaves after the cut and before the walk has come to its user would be
// missed: the cut notes it when it leaves. So each pair that was inside at the cut is handed out exactly once, nothing is
// copied beforehand, and a step that closes no pair costs nothing.

/// One walk over the open pairs.
struct Cut {
    let name: Int64
    /// Pairs whose enter is up to this seq, and that were open when it was the head.
    let at: Int64
    /// The users' slots below this have been visited.
    var next: UInt32 = 0
    /// Pairs that left before their user was visited. At most as many as were open at the cut.
    var left: [InsidePairs] = []
}

/// A piece of what a cut holds.
public struct CutPiece: Sendable {
    public let pairs: InsidePairs
    /// Whether this was the last one.
    public let isLast: Bool
}

extension Engine {
    /// Slots that one piece visits at most, and bytes of pairs after which it ends, but for one user's own.
    public static var slotsPerPiece: Int { 65_536 }
    private static var bytesPerPiece: Int { 131_072 }

    /// Begins a cut at the head.
    ///
    /// - Returns: its name, for ``readCut(_:)`` and ``endCut(_:)``.
    public mutating func beginCut() -> Int64 {
        lastCut += 1
        cuts.append(Cut(name: lastCut, at: head))
        return lastCut
    }

    /// The next pairs of a cut; after the last piece the cut is gone.
    ///
    /// - Parameter slots: how many of the users' slots to visit at most.
    /// - Returns: `nil` if there is no such cut.
    /// - Complexity: bounded, but for the pairs of one user.
    public mutating func readCut(_ name: Int64, visiting slots: Int = slotsPerPiece) -> CutPiece? {
        guard let place = cuts.firstIndex(where: { $0.name == name }) else { return nil }
        var found = InsidePairs()
        let at = cuts[place].at
        var slot = cuts[place].next
        let end = min(UInt32(users.count), slot + UInt32(slots))
        while slot < end, found.byteCount < Self.bytesPerPiece {
            for pair in users[slot].pointee.pairs.elements where pair.encounter <= at { append(pair, of: slot, to: &found) }
            slot += 1
        }
        cuts[place].next = slot
        if slot < UInt32(users.count) || found.count > 0 { return CutPiece(pairs: found, isLast: false) }
        if let left = cuts[place].left.popLast() { return CutPiece(pairs: left, isLast: false) }
        cuts.remove(at: place)
        return CutPiece(pairs: found, isLast: true)
    }

    /// Forgets a cut that nobody reads to its end. Nothing happens if there is none of this name.
    public mutating func endCut(_ name: Int64) { cuts.removeAll { $0.name == name } }

    /// Tells the cuts of a pair that leaves.
    mutating func noteForCuts(_ user: UInt32, _ pair: OpenPair) {
        for place in cuts.indices where pair.encounter <= cuts[place].at && user >= cuts[place].next {
            var piece = InsidePairs()
            let size = cuts[place].left.last?.byteCount ?? Self.bytesPerPiece
            if size < Self.bytesPerPiece { piece = cuts[place].left.removeLast() }
            append(pair, of: user, to: &piece)
            cuts[place].left.append(piece)
        }
    }

    private func append(_ pair: OpenPair, of user: UInt32, to pairs: inout InsidePairs) {
        let subject = record(named: pair.subject).pointee
        let disclosed = disclosed(user, pair.subject)
        users[user].pointee.id.withBytes { id in
            subject.id.withBytes { subjectID in
                let kind = subject.kind == SubjectRecord.noKind ? [] : kinds[Int(subject.kind)]
                kind.withUnsafeBytes { pairs.append(pair, disclosed, user: id, subject: subjectID, kind: $0) }
            }
        }
    }
}
