import Testing
import VicinityCore
import VicinityPipeline
import VicinitySimulation
import VicinityStore
import VicinityWire

@Suite("Conversations with relays go on in another process")
struct ResumptionTests {
    /// How a connection comes through the end of a process.
    enum Passage: CaseIterable {
        /// All is left behind.
        case orderly
        /// What was left when the stream began, and the place.
        case crash
    }

    /// A relay of a daemon that is never stopped, and one of a daemon that is stopped again and again; of which all else is the same.
    private struct Twins: ~Copyable {
        var wholeDesk: Desk
        var cutDesk: Desk
        var whole: Relay
        var cut: Relay
        private var holder: UInt64 = 1
        private var base: EventsConversation.Resumption?
        private var baseRevision = 0

        init(_ subscription: String) throws {
            let wholeDesk = try Self.desk()
            let cutDesk = try Self.desk()
            whole = Relay(wholeDesk, subscription)
            cut = Relay(cutDesk, subscription)
            self.wholeDesk = wholeDesk
            self.cutDesk = cutDesk
        }

        private static func desk() throws -> Desk {
            // All but the newest block is read from the disk: what one process has in memory and another has not plays no part.
            var desk = try Desk.open(memory: 1)
            desk.put("s")
            desk.events(4)
            return desk
        }

        mutating func both(_ body: (inout Desk, inout Relay) throws -> Void) rethrows {
            try body(&wholeDesk, &whole)
            try body(&cutDesk, &cut)
            noteBase()
        }

        /// What a session leaves behind in case it dies.
        private mutating func noteBase() {
            guard cut.conversation.place != nil, base == nil || baseRevision != cut.conversation.baseRevision else { return }
            base = cut.conversation.resumption
            baseRevision = cut.conversation.baseRevision
        }

        /// - Returns: whether the conversation can be handed on now.
        mutating func restart(_ passage: Passage) throws -> Bool {
            let known: EventsConversation.Resumption?
            switch passage {
            case .orderly: known = cut.conversation.resumption
            case .crash:
                // One that was about to say something is closed.
                guard let place = cut.conversation.place else { return false }
                known = base?.moved(to: place)
            }
            guard let known else { return false }
            cutDesk = try Desk.open(cutDesk.store.contents, memory: 1)
            holder += 1
            try cut.resume(known, cutDesk, holder: holder)
            // The name is taken again before anything else happens.
            try both { desk, relay in try relay.run(&desk, canWrite: false) }
            return true
        }
    }

    private static let subscriptions = [
        "{}", #"{"after":0}"#, #"{"name":"r","after":1}"#, #"{"name":"r","types":["leave","following"]}"#,
        #"{"users":["v0","v1","v2"],"after":0}"#, #"{"name":"r","users":["v1","v3"],"kinds":["toll"]}"#, #"{"kinds":[],"after":2}"#,
    ]

    @Test(
        "Cut anywhere, a stream is that of the uncut conversation: filters, gaps, heartbeats, acks, slow readers, users who are forgotten",
        arguments: Passage.allCases, UInt64(0)..<35)
    func stream(passage: Passage, seed: UInt64) throws {
        var chance = SeededRandom(seed: seed)
        let subscription = Self.subscriptions[Int(seed) % Self.subscriptions.count]
        var twins = try Twins(subscription)
        try twins.both { desk, relay in try relay.run(&desk) }
        var time: Int64 = 100
        var now: Int64 = 0
        var restarts = 0
        for _ in 0..<120 {
            time += 1
            now += Int64(chance.below(1500))
            twins.both { _, relay in relay.now = now }
            let user = "v\(chance.below(4))"
            switch chance.below(12) {
            case 0...4:
                let isNear = chance.below(2) == 0
                twins.both { desk, _ in
                    desk.fix(user, isNear: isNear, time: time)
                    desk.commit()
                }
            case 5...6: try twins.both { desk, relay in try relay.run(&desk) }
            case 7: try twins.both { desk, relay in try relay.run(&desk, canWrite: false) }
            case 8:
                let ack = "{\"ack\":\(Int64(chance.below(Int(twins.wholeDesk.feed.head) + 2)))}"
                twins.both { _, relay in relay.say(ack) }
                // Dying loses an ack that is not stored, and the answer to a wrong one; which closes the connection, so that it is no matter here.
                if passage == .crash { try twins.both { desk, relay in try relay.run(&desk) } }
            case 9 where chance.below(3) == 0:
                let isErased = chance.below(2) == 0
                try twins.both { desk, relay in
                    desk.forget(user)
                    // A session looks when the head moves. Who is killed in between has not heard of it.
                    try relay.run(&desk, canWrite: false)
                    if isErased { try desk.erase() }
                }
            case 9 where chance.below(3) == 0:
                // Only what both have read: blocks in memory are no part of this.
                let through = twins.wholeDesk.feed.head - 3
                try twins.both { desk, _ in
                    desk.store.prune(through: through)
                    desk.feed.retained(from: try desk.store.oldest())
                }
            case 10 where passage == .orderly:
                twins.both { _, relay in relay.conversation.beat(interval: 2000, now: now, clock: 5) }
            default: if try twins.restart(passage) { restarts += 1 }
            }
            #expect(twins.whole.isClosed == twins.cut.isClosed)
        }
        try twins.both { desk, relay in try relay.run(&desk) }
        let place = zip(twins.cut.lines, twins.whole.lines).prefix { $0 == $1 }.count
        let found = "line \(place): \(twins.cut.lines.dropFirst(place).prefix(2)), not \(twins.whole.lines.dropFirst(place).prefix(2))"
        let isSame = twins.cut.lines == twins.whole.lines
        #expect(isSame, "seed \(seed), \(subscription), \(restarts) restarts, \(found)")
        #expect(restarts > 5, "seed \(seed)")
        #expect(!twins.cut.isClosed)
        let wholeCursors = twins.wholeDesk.store.contents.cursors.map(\.value.acked)
        let cutCursors = twins.cutDesk.store.contents.cursors.map(\.value.acked)
        #expect(wholeCursors == cutCursors, "seed \(seed)")
    }

    // MARK: - Names

    @Test("A name is taken again by its connection: its cursor stays, it is in use, and free when the connection goes")
    func name() throws {
        var desk = try Desk.open(events: 6)
        var relay = Relay(desk, #"{"name":"r","after":0}"#)
        try relay.run(&desk)
        relay.say(#"{"ack":3}"#)
        try relay.run(&desk)
        let known = try #require(relay.conversation.resumption)
        #expect(known.name == Array("r".utf8) && known.place == 6)
        var next = try Desk.open(desk.store.contents)
        #expect(next.connected == [false])
        try relay.resume(known, next, holder: 9)
        try relay.run(&next)
        #expect(next.connected == [true])
        #expect(next.store.contents.cursors.map(\.value.acked) == [3])
        var other = Relay(next, holder: 10, #"{"name":"r"}"#)
        try other.run(&next)
        #expect(other.isClosed && other.lines[0].contains("name_in_use"))
        next.events(1)
        relay.say(#"{"ack":5}"#)
        try relay.run(&next)
        #expect(relay.lines.count == 8 && relay.lines[7].hasPrefix(#"{"seq":7,"#))
        #expect(next.store.contents.cursors.map(\.value.acked) == [5])
        relay.hangUp(&next)
        #expect(next.connected == [false])
    }

    @Test("Who finds the name taken, or gone, is closed without a word, and the holder keeps it")
    func nameTaken() throws {
        var desk = try Desk.open(events: 2)
        var relay = Relay(desk, #"{"name":"r"}"#)
        try relay.run(&desk)
        let known = try #require(relay.conversation.resumption)
        var next = try Desk.open(desk.store.contents)
        var thief = Relay(next, holder: 5, #"{"name":"r"}"#)
        try thief.run(&next)
        try relay.resume(known, next, holder: 6)
        next.events(1)
        try relay.run(&next)
        #expect(relay.isClosed && relay.lines.count == 1)
        relay.hangUp(&next)
        #expect(next.connected == [true])
        try thief.run(&next)
        #expect(thief.lines.count == 2)
        // A connection cannot have two names either, and there is none that nobody has ever had.
        thief.hangUp(&next)
        next.perform(.removeSubscriber(name: Array("r".utf8), Reply { _ in }))
        next.commit()
        var late = Relay(next, holder: 7, "{}")
        try late.resume(known, next, holder: 8)
        try late.run(&next)
        #expect(late.isClosed && next.store.contents.cursors.isEmpty)
    }

    @Test("An ack that was on its way to the log is handed on with the connection")
    func ackUnderWay() throws {
        var desk = try Desk.open(events: 6)
        var relay = Relay(desk, #"{"name":"r","after":0}"#)
        try relay.run(&desk)
        let before = desk.store.contents
        relay.say(#"{"ack":3}"#)
        try relay.run(&desk, commits: false)
        relay.say(#"{"ack":4}"#)
        let known = try #require(relay.conversation.resumption)
        var next = try Desk.open(before)
        try relay.resume(known, next, holder: 2)
        try relay.run(&next)
        #expect(next.store.contents.cursors.map(\.value.acked) == [4])
    }

    // MARK: - What cannot go on

    @Test("A client that has said nothing is handed on; one that is being answered, or is in a snapshot, is not")
    func phases() throws {
        var desk = try Desk.open(events: 4)
        let silent = EventsConversation(feed: desk.feed, logID: desk.store.identity.logID, holder: 1)
        let known = try #require(silent.resumption)
        #expect(known.place == nil && known.name == nil && silent.place == nil)
        var late = Relay(desk, holder: 3, "{}")
        try late.resume(known.moved(to: 3), desk, holder: 3)
        late.say(#"{"subscribe":{"after":3}}"#)
        try late.run(&desk)
        #expect(late.lines.count == 2)

        var opening = Relay(desk, #"{"name":"r"}"#)
        #expect(opening.conversation.resumption == nil && opening.conversation.place == nil)
        try opening.run(&desk, commits: false)
        #expect(opening.conversation.resumption == nil)
        try opening.run(&desk)
        #expect(opening.conversation.resumption?.place == 4)
        desk.fix("w", isNear: true, time: 1000)
        desk.commit()
        var snapshot = Relay(desk, holder: 2, #"{"snapshot":true}"#)
        try snapshot.run(&desk, canWrite: false)
        #expect(snapshot.conversation.resumption == nil && snapshot.conversation.place == nil)
        try snapshot.run(&desk)
        #expect(snapshot.conversation.resumption?.place == 5)
        var refused = Relay(desk, #"{"after":99}"#)
        #expect(refused.conversation.resumption == nil)
        try refused.run(&desk)
        #expect(refused.isClosed && refused.conversation.resumption == nil)
    }

    @Test("A place in another log, or beyond the head, is refused")
    func otherLog() throws {
        var desk = try Desk.open(events: 4)
        var relay = Relay(desk, "{}")
        try relay.run(&desk)
        let known = try #require(relay.conversation.resumption)
        #expect(throws: ResumptionError.otherLog) {
            try EventsConversation(feed: desk.feed, logID: String(repeating: "b", count: 32), holder: 1, resuming: known)
        }
        let logID = desk.store.identity.logID
        #expect(throws: ResumptionError.beyondHead(place: 5, head: 4)) {
            try EventsConversation(feed: desk.feed, logID: logID, holder: 1, resuming: known.moved(to: 5))
        }
        _ = try EventsConversation(feed: desk.feed, logID: logID, holder: 1, resuming: known.moved(to: 4))
    }

    // MARK: - Damage

    /// Of a stream with everything in it that there can be.
    private func richResumption() throws -> EventsConversation.Resumption {
        var desk = try Desk.open(events: 4)
        var relay = Relay(desk, #"{"name":"r","types":["enter","leave"],"kinds":["toll","x"],"users":["v0","v1"],"after":1}"#)
        desk.fix("v0", isNear: true, time: 500)
        desk.commit()
        try relay.run(&desk)
        relay.say(#"{"ack":2}"#)
        relay.say("what?")
        desk.forget("v0")
        let known = try #require(relay.conversation.resumption)
        let text = String(decoding: known.encode(), as: UTF8.self)
        #expect(text.contains("bad_request") && text.contains("v1") && text.contains("toll"))
        return known
    }

    @Test("What is too short, too long or of another version is refused")
    func damaged() throws {
        let bytes = try richResumption().encode()
        for count in 0..<bytes.count {
            #expect(throws: ResumptionError.damaged) { try EventsConversation.Resumption(decoding: bytes.prefix(count)) }
        }
        #expect(throws: ResumptionError.damaged) { try EventsConversation.Resumption(decoding: bytes + [0]) }
        #expect(throws: ResumptionError.version(7)) { try EventsConversation.Resumption(decoding: [7] + bytes.dropFirst()) }
    }

    @Test("Bits that flip do no more harm than to close the connection", arguments: UInt64(0)..<100)
    func flippedBits(seed: UInt64) throws {
        var chance = SeededRandom(seed: seed)
        let bytes = try richResumption().encode()
        var desk = try Desk.open(events: 6)
        for _ in 0..<50 {
            var damaged = bytes
            for _ in 0...chance.below(3) { damaged[1 + chance.below(bytes.count - 1)] ^= 1 << UInt8(chance.below(8)) }
            guard let known = try? EventsConversation.Resumption(decoding: damaged),
                let conversation = try? EventsConversation(
                    feed: desk.feed, logID: desk.store.identity.logID, holder: 1, resuming: known)
            else { continue }
            var relay = Relay(desk, "{}")
            relay.conversation = conversation
            relay.now = 5
            try relay.run(&desk)
            relay.conversation.beat(interval: 1, now: 6, clock: 7)
            _ = relay.conversation.nextBeat(interval: 1 << 50)
            try relay.run(&desk)
            relay.hangUp(&desk)
        }
    }
}
