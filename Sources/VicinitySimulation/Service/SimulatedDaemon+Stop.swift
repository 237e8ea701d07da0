// How the daemon goes down when it is asked to; see `Daemon` and `Doors`.

extension SimulatedDaemon {
    /// How long clients have to take the last acks and events, in milliseconds; then they are cut off, and have a second more.
    private static var patience: Int64 { 5_000 }

    /// Accepts nobody and reads nothing any more.
    func stop() {
        guard phase == .running else { return }
        phase = .draining
        stoppingSince = now
        for link in links { (link.session as? IngestPeer)?.stopReading() }
        inbox.finish()
    }

    /// Goes on with going down.
    ///
    /// - Returns: whether there was something to do.
    func stopStep() throws(Violation) -> Bool {
        switch phase {
        case .running, .ended: return false
        case .draining:
            guard case .finished = slot, prunes.isEmpty else { return false }
            try demand(world.oracle.isSettled, "the last commit is durable, but not all that was worked off")
            phase = .closing(since: now)
            for place in loops.indices {
                post(.end, to: place)
                post(.drain, to: place)
            }
        case .closing(let since):
            let isAlone = links.allSatisfy(\.isOver) && loops.allSatisfy(\.tasks.isEmpty)
            guard isAlone || now > since + Self.patience else { return false }
            if isAlone || now > since + Self.patience + 1_000 {
                world.exit(because: "it was asked to")
            } else if !isCutShort {
                isCutShort = true
                for place in loops.indices { post(.cutShort, to: place) }
            } else {
                return false
            }
        }
        return true
    }
}
