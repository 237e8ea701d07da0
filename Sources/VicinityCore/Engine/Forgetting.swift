// A user is forgotten: as after a sign-off nothing is kept but what resends and limits need, under a keyed hash of the id. The operator's clock
// dates it, so that what waits in the time of the user's fixes comes to nothing, as when a subject is removed.

extension Engine {
    /// Forgets a user, as one moment: every encounter is closed.
    ///
    /// A sign-off of now is remembered also of somebody who is not known: fixes of before that are still under way stay harmless. Cuts that are
    /// being read name the user no more.
    ///
    /// - Parameter changes: gets transitions of this user alone, who is not to be named in them; see ``encode(_:into:finished:naming:)``.
    public mutating func forget(_ id: [UInt8], now: ClockReading, into changes: inout Changes) {
        begin(now)
        id.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            let hash = hasher.hash(base, count: buffer.count)
            let known = findUser(base, count: buffer.count, hash: hash)
            let last = known.map { notes(of: $0)?.held?.time ?? users[$0].pointee.time }
            let signedOff = signOffs[signOffHash(base, count: buffer.count)]?.time
            var line = Fix(kind: .gone, idOffset: 0, idLength: UInt8(buffer.count), line: 0, hash: hash)
            line.time = max(now.wall, last ?? signedOff ?? 0)
            let accepted = changes.tally.accepted
            applyGone(line, id: base, now: now, into: &changes, isForgotten: true)
            changes.tally.accepted = accepted
        }
        flush(into: &changes)
        for place in cuts.indices {
            cuts[place].left = cuts[place].left.map { $0.forgetting(id) }
        }
    }
}
