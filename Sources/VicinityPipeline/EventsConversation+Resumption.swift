package import VicinityCore
package import VicinityWire

extension EventsConversation {
    /// What a conversation must know to go on in another process.
    ///
    /// A client that has not subscribed is handed on, and so is a stream; not what is in the middle of being opened, and no snapshot, whose cut dies
    /// with the engine.
    ///
    /// At an orderly stop all of it is left behind. For a crash a *base* is left when the subscription was answered, anew whenever ``EventsConversation/baseRevision``
    /// has changed, and beside it, as one word, ``EventsConversation/place``; the successor goes on from `base.moved(to: place)`.
    package struct Resumption: Resumable {
        package static let version: UInt8 = 1

        var phase: Phase
        var outbox: [UInt8] = []

        enum Phase: Equatable {
            /// Nothing was asked for yet.
            case waiting
            case streaming(Stream)
        }

        struct Stream: Equatable {
            var logID: String
            /// UTF-8; `nil` if the subscriber has no durable cursor.
            var name: [UInt8]?
            var filter: SubscriptionFilter
            var place: Int64
            /// In monotonic milliseconds of the boot.
            var lastSent: Int64?
            /// What the client has acknowledged and is not known to be stored.
            var ack: Int64?
            var farewells: [FarewellFilter.Noted]
        }

        /// The seq of the last event that was dealt with; `nil` before the subscription.
        package var place: Int64? {
            switch phase {
            case .waiting: nil
            case .streaming(let stream): stream.place
            }
        }

        /// The subscriber's name, UTF-8.
        package var name: [UInt8]? {
            switch phase {
            case .waiting: nil
            case .streaming(let stream): stream.name
            }
        }

        /// The same subscription after the event `seq`, with nothing to be said that comes before it.
        package func moved(to seq: Int64) -> Resumption {
            switch phase {
            case .waiting: return self
            case .streaming(var stream):
                stream.place = seq
                // It is not known any more when; the span of a heartbeat begins anew.
                stream.lastSent = nil
                return Resumption(phase: .streaming(stream))
            }
        }

        init(phase: Phase, outbox: [UInt8] = []) {
            self.phase = phase
            self.outbox = outbox
        }

        package func write(to bytes: inout [UInt8]) {
            bytes.appendSized(outbox)
            switch phase {
            case .waiting: bytes.append(0)
            case .streaming(let stream):
                bytes.append(1)
                stream.write(to: &bytes)
            }
        }

        package init?(reading reader: inout RawReader) {
            guard let outbox = reader.sizedArray() else { return nil }
            switch reader.byte() {
            case 0: self.init(phase: .waiting, outbox: outbox)
            case 1:
                guard let stream = Stream(reading: &reader) else { return nil }
                self.init(phase: .streaming(stream), outbox: outbox)
            case nil, .some: return nil
            }
        }
    }

    /// What a successor must know; `nil` for a conversation that cannot be handed on, or is at its end.
    package var resumption: Resumption? {
        switch phase {
        case .waiting: Resumption(phase: .waiting, outbox: outbox)
        case .reclaiming, .streaming: Resumption(phase: .streaming(stream), outbox: outbox)
        case .opening, .cutting, .ending, .closed: nil
        }
    }

    /// The seq up to which everything was dealt with and has been given out to be written; `nil` before the stream, and while something of it is
    /// still held back.
    package var place: Int64? {
        switch phase {
        case .reclaiming, .streaming: outbox.isEmpty ? cursor : nil
        case .waiting, .opening, .cutting, .ending, .closed: nil
        }
    }

    /// Changes when ``resumption`` does in another way than by its place and by what is to be said.
    package var baseRevision: Int { farewells.revision }

    private var stream: Resumption.Stream {
        // What was said to all and not yet looked at goes with the old process.
        var farewells = farewells
        farewells.take(from: feed, for: subscription.filter, at: cursor)
        return Resumption.Stream(
            logID: logID, name: subscription.name.map { Array($0.utf8) }, filter: subscription.filter, place: cursor, lastSent: lastSent,
            ack: [ack.wanted, ack.underWay].compactMap(\.self).max(), farewells: farewells.noted)
    }

    /// Goes on where another process has left it, and says what that would have said.
    ///
    /// - Throws: if the log is not the one of the place, or does not go so far.
    package init(feed: Feed, logID: String, holder: UInt64, resuming resumption: Resumption) throws(ResumptionError) {
        self.init(feed: feed, logID: logID, holder: holder)
        outbox = resumption.outbox
        guard case .streaming(let stream) = resumption.phase else { return }
        guard stream.logID == logID else { throw .otherLog }
        let head = feed.head
        guard stream.place <= head else { throw .beyondHead(place: stream.place, head: head) }
        subscription.name = stream.name.map { String(decoding: $0, as: UTF8.self) }
        subscription.filter = stream.filter
        cursor = stream.place
        lastSent = stream.lastSent
        ack.wanted = stream.ack.map { min($0, head) }
        farewells = FarewellFilter(resuming: stream.farewells)
        phase = stream.name.map { .reclaiming(name: $0) } ?? .streaming
    }
}

extension EventsConversation.Resumption.Stream {
    fileprivate func write(to bytes: inout [UInt8]) {
        bytes.appendSized(Array(logID.utf8))
        bytes.appendFlag(name != nil)
        if let name { bytes.appendSized(name) }
        filter.write(to: &bytes)
        bytes.appendVarint(UInt64(place))
        bytes.appendOptional(lastSent)
        bytes.appendOptional(ack)
        bytes.appendVarint(UInt64(farewells.count))
        for noted in farewells {
            bytes.appendSized(noted.farewell.user)
            bytes.appendVarint(UInt64(noted.farewell.seqs.lowerBound))
            bytes.appendVarint(UInt64(noted.farewell.seqs.upperBound))
            bytes.appendVarint(UInt64(noted.since))
            bytes.appendVarint(UInt64(noted.open.count))
            for seq in noted.open.sorted() { bytes.appendVarint(UInt64(seq)) }
        }
    }

    fileprivate init?(reading reader: inout RawReader) {
        guard let logID = reader.sizedArray(), let name = reader.optional({ $0.name() }), let filter = SubscriptionFilter(reading: &reader),
            let place = reader.seq(), let lastSent = reader.optional({ $0.time() }), let ack = reader.optional({ $0.time() }),
            let farewells = reader.farewells()
        else { return nil }
        self.init(
            logID: String(decoding: logID, as: UTF8.self), name: name, filter: filter, place: place, lastSent: lastSent, ack: ack,
            farewells: farewells)
    }
}

extension RawReader {
    fileprivate mutating func name() -> [UInt8]? {
        guard let bytes = sized(), SubscriptionReader.isName(bytes) else { return nil }
        return [UInt8](bytes)
    }

    fileprivate mutating func farewells() -> [FarewellFilter.Noted]? {
        guard let count = count() else { return nil }
        var farewells: [FarewellFilter.Noted] = []
        while farewells.count < count {
            guard let user = sizedArray(), let first = seq(), let last = seq(), first <= last, let since = seq(), let open = seqs() else {
                return nil
            }
            farewells.append(FarewellFilter.Noted(farewell: Farewell(user: user, seqs: first...last), since: since, open: open))
        }
        return farewells
    }

    private mutating func seqs() -> Set<Int64>? {
        guard let count = count() else { return nil }
        var seqs: Set<Int64> = []
        while seqs.count < count {
            guard let seq = seq(), seqs.insert(seq).inserted else { return nil }
        }
        return seqs
    }
}
