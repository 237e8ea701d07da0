import Testing
import VicinityCore
import VicinityPipeline
import VicinityStore

@Suite("A relay's conversation")
struct EventsConversationTests {
    @Test("A new name begins now, and is durable before it is answered")
    func newName() throws {
        var desk = try Desk.open(events: 4)
        var relay = Relay(desk, #"{"name":"r"}"#)
        try relay.run(&desk, commits: false)
        #expect(relay.lines.isEmpty, "nothing may be said before the cursor is durable")
        try relay.run(&desk)
        #expect(relay.lines.count == 1 && relay.lines[0].contains(#""after":4"#))
        #expect(desk.store.contents.cursors.map(\.value.acked) == [4])
    }

    @Test("A name goes on after its last ack, whatever `after` says")
    func knownName() throws {
        var desk = try Desk.open(events: 6)
        var first = Relay(desk, #"{"name":"r","after":1}"#)
        try first.run(&desk)
        #expect(first.lines.count == 6)
        first.say(#"{"ack":3}"#)
        try first.run(&desk)
        first.hangUp(&desk)
        // After a crash too.
        var again = try Desk.open(desk.store.contents)
        var second = Relay(again, holder: 2, #"{"name":"r","after":99}"#)
        try second.run(&again)
        #expect(second.lines.first?.contains(#""after":3"#) == true)
        #expect(second.lines.dropFirst().map { $0.prefix(9) } == [#"{"seq":4,"#, #"{"seq":5,"#, #"{"seq":6,"#])
    }

    @Test("Acks that come while one is being stored become one, and the last one of a connection that goes is not lost")
    func acks() throws {
        var desk = try Desk.open(events: 6)
        var relay = Relay(desk, #"{"name":"r","after":0}"#)
        try relay.run(&desk)
        for seq in 1...5 {
            relay.say("{\"ack\":\(seq)}")
            try relay.run(&desk, commits: false)
        }
        desk.commit()
        #expect(desk.store.contents.cursors.map(\.value.acked) == [1])
        relay.hangUp(&desk)
        #expect(desk.store.contents.cursors.map(\.value.acked) == [5])
    }

    @Test("An ack below the cursor changes nothing, one beyond the head is refused")
    func badAcks() throws {
        var desk = try Desk.open(events: 4)
        var relay = Relay(desk, #"{"name":"r"}"#)
        try relay.run(&desk)
        relay.say(#"{"ack":2}"#)
        relay.say(#"{"ack":5}"#)
        try relay.run(&desk)
        #expect(relay.lines.last?.contains("bad_request") == true && !relay.isClosed)
        #expect(desk.store.contents.cursors.map(\.value.acked) == [4])
    }

    @Test("A name that is in use is tried again for a moment, and then refused")
    func nameInUse() throws {
        var desk = try Desk.open()
        var holder = Relay(desk, #"{"name":"r"}"#)
        try holder.run(&desk)
        var late = Relay(desk, holder: 2, #"{"name":"r"}"#)
        try late.run(&desk)
        #expect(late.isClosed && late.lines.count == 1 && late.lines[0].contains("name_in_use"))
        #expect(late.waits == 10)
        // The holder has kept it.
        #expect(desk.statistics.snapshot.subscribers.map(\.isConnected) == [true])
        late.hangUp(&desk)
        holder.hangUp(&desk)
        #expect(desk.statistics.snapshot.subscribers.map(\.isConnected) == [false])
        var next = Relay(desk, holder: 3, #"{"name":"r"}"#)
        try next.run(&desk)
        #expect(next.lines.count == 1 && next.waits == 0)
    }

    @Test("A new name beyond the head is refused, and makes no cursor")
    func afterHead() throws {
        var desk = try Desk.open()
        var relay = Relay(desk, #"{"name":"r","after":1}"#)
        try relay.run(&desk)
        #expect(relay.isClosed && relay.lines[0].contains("after_head"))
        #expect(desk.store.contents.cursors.isEmpty)
    }

    @Test("A snapshot shows what is inside at its cut, and goes on from there")
    func snapshot() throws {
        var desk = try Desk.open()
        desk.put("s")
        for user in 0..<3 { desk.fix("v\(user)", isNear: true, time: 0) }
        desk.commit()
        var relay = Relay(desk, #"{"snapshot":true,"name":"r","users":["v0","v2"]}"#)
        // The cut is begun; before it is read, one of the pairs leaves and another one enters.
        try relay.run(&desk, commits: false)
        desk.fix("v2", isNear: false, time: 5)
        desk.fix("v3", isNear: true, time: 5)
        try relay.run(&desk)
        #expect(
            relay.lines.dropFirst() == [
                #"{"seq":1,"type":"inside","user":"v0","subject":"s","kind":"toll","ts":0,"cause":"user","within":100}"#,
                #"{"seq":3,"type":"inside","user":"v2","subject":"s","kind":"toll","ts":0,"cause":"user","within":500}"#,
                #"{"snapshot":{"pairs":2,"at":3}}"#,
                #"{"seq":4,"type":"leave","user":"v2","subject":"s","kind":"toll","ts":5,"cause":"user","encounter":3,"lasted":5}"#,
            ])
        #expect(desk.store.contents.cursors.map(\.value.acked) == [3])
    }

    @Test("What retention has removed is said in the answer, and in the stream")
    func gaps() throws {
        let desk = try Desk.open(events: 10)
        desk.store.prune(through: 4)
        var old = try Desk.open(desk.store.contents)
        var relay = Relay(old, #"{"after":1}"#)
        try relay.run(&old, canWrite: false)
        #expect(relay.lines.isEmpty)
        old.store.prune(through: 6)
        try relay.run(&old)
        #expect(relay.lines[0].contains(#""gap":{"from":2,"to":4}"#))
        #expect(relay.lines[1] == #"{"gap":{"from":5,"to":6}}"#)
        #expect(relay.lines.count == 6)
    }

    @Test("Who does not read its answers is not listened to; acks have no answer")
    func deafClient() throws {
        var desk = try Desk.open(events: 2)
        var relay = Relay(desk, #"{"name":"r","after":0}"#)
        try relay.run(&desk)
        for _ in 0..<1000 { relay.say(#"{"ack":1}"#) }
        #expect(relay.conversation.isListening)
        while relay.conversation.isListening { relay.say("what?") }
        try relay.run(&desk, canWrite: false)
        #expect(!relay.conversation.isListening)
        try relay.run(&desk)
        #expect(relay.conversation.isListening && relay.lines.last?.contains("bad_request") == true)
    }

    @Test("A log that cannot be read ends the stream, and the operator is told")
    func unreadable() throws {
        var desk = try Desk.open(events: 2)
        var relay = Relay(try Desk.open(desk.store.contents), #"{"after":0}"#)
        relay.conversation.loaded(.failure(.damaged(path: "p", what: "w")))
        try relay.run(&desk, commits: false)
        #expect(relay.isClosed)
        #expect(relay.lines.last?.hasPrefix("report: p is damaged") == true)
    }

    @Test("Events count for the latency while the client keeps up, and not what it has been away for")
    func promptness() throws {
        var desk = try Desk.open(memory: 1)
        desk.put("s")
        desk.arrived = 1
        desk.events(1)
        var relay = Relay(desk, #"{"after":0}"#)
        try relay.run(&desk)
        #expect(relay.lines.count == 2 && relay.handed.isEmpty, "it was there before the client")
        desk.arrived = 2
        desk.events(1)
        try relay.run(&desk)
        #expect(relay.handed == [Promptness.Handed(arrived: 2, events: 1)])
        // The first two are in memory no more. The third comes while they are read.
        desk.arrived = 3
        desk.events(2)
        try relay.load(&desk)
        desk.events(1)
        try relay.run(&desk)
        #expect(relay.lines.count == 6 && relay.handed.count == 1)
        desk.arrived = 4
        desk.events(1)
        try relay.run(&desk)
        #expect(relay.handed.dropFirst() == [Promptness.Handed(arrived: 4, events: 1)])
    }

    @Test("A heartbeat comes after all that the filter lets through up to its head, and the head may be acked")
    func headIsAcked() throws {
        var desk = try Desk.open()
        var relay = Relay(desk, #"{"name":"r","users":["u0"]}"#)
        try relay.run(&desk)
        desk.put("s")
        desk.events(6)
        relay.now = 5000
        relay.conversation.beat(interval: 1000, now: relay.now, clock: 7)
        try relay.run(&desk)
        // Two of the six are of this user. There is no heartbeat yet, for they have just come.
        #expect(relay.lines.dropFirst().map { $0.prefix(9) } == [#"{"seq":1,"#, #"{"seq":2,"#])
        relay.now = 6000
        relay.conversation.beat(interval: 1000, now: relay.now, clock: 8)
        try relay.run(&desk)
        #expect(relay.lines.last == #"{"heartbeat":{"head":6,"ts":8}}"#)
        relay.say(#"{"ack":6}"#)
        try relay.run(&desk)
        #expect(relay.lines.last == #"{"heartbeat":{"head":6,"ts":8}}"#, "it was not refused")
        #expect(desk.store.contents.cursors.map(\.value.acked) == [6])
    }
}
