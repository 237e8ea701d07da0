import VicinityCore
import VicinityWire

// Leaves of users who were forgotten, and who gets them all the same.
//
// In the log these leaves name nobody, so that a filter by users cannot know them. But whoever got the enter is to get the leave. So the feed
// says, beside the blocks, whose leaves some seqs are; a conversation whose filter names the user notes it, at once and whatever it is still to
// read, and lets those pass that close what it has let pass. Nothing of this is stored: after a restart nobody knows any more, but a conversation that is handed
// on to the next process, and takes with it what it has noted.

/// The last events of a user who was forgotten.
package struct Farewell: Sendable, Equatable {
    package var user: [UInt8]
    package var seqs: ClosedRange<Int64>

    package init(user: [UInt8], seqs: ClosedRange<Int64>) {
        self.user = user
        self.seqs = seqs
    }
}

/// What one subscriber with a filter by users knows of farewells.
struct FarewellFilter {
    /// One that concerns the subscriber.
    struct Noted: Equatable {
        let farewell: Farewell
        /// Events up to this seq had been dealt with when it was noted: they had a user still.
        let since: Int64
        /// Encounters of later enters that were let pass.
        var open: Set<Int64> = []
    }

    private(set) var noted: [Noted] = []
    /// Grows with every change of ``noted`` other than forgetting what is over.
    private(set) var revision = 0
    /// How many the feed had said when it was last asked.
    private var known = 0

    init() {}

    /// Knows what a conversation in another process had noted.
    init(resuming noted: [Noted]) { self.noted = noted }

    /// Notes what the feed says of users of a filter.
    ///
    /// - Parameter cursor: up to where events have been dealt with.
    mutating func take(from feed: Feed, for filter: SubscriptionFilter, at cursor: Int64) {
        guard let users = filter.users else { return }
        noted.removeAll { $0.farewell.seqs.upperBound <= cursor }
        let (farewells, count) = feed.farewells(after: known)
        known = count
        for farewell in farewells where farewell.seqs.upperBound > cursor && users.contains(farewell.user) {
            noted.append(Noted(farewell: farewell, since: cursor))
            revision += 1
        }
    }

    /// Whether the subscriber wants an event, whose user may have been forgotten.
    mutating func admits(_ event: EventView, by filter: SubscriptionFilter) -> Bool {
        let isAdmitted = filter.admits(event)
        guard !noted.isEmpty else { return isAdmitted }
        for place in noted.indices {
            let farewell = noted[place].farewell
            guard event.seq > noted[place].since, event.seq <= farewell.seqs.upperBound else { continue }
            if event.user.isEmpty {
                guard farewell.seqs.contains(event.seq) else { continue }
                return closes(event, place) && filter.admits(event, ofUser: farewell.user)
            }
            guard event.user.elementsEqual(farewell.user), filter.admitsPair(event) else { continue }
            switch event.change {
            case .enter:
                noted[place].open.insert(event.seq)
                revision += 1
            // One that is still known to be open costs nothing: it is closed once.
            case .leave(_, let encounter, _): noted[place].open.remove(encounter)
            case .report, .following: break
            }
        }
        return isAdmitted
    }

    private func closes(_ event: EventView, _ place: Int) -> Bool {
        guard case .leave(_, let encounter, _) = event.change else { return false }
        return encounter <= noted[place].since || noted[place].open.contains(encounter)
    }
}
