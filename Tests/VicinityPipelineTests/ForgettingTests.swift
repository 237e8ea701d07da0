import Synchronization
import Testing
import VicinityCore
import VicinityPipeline
import VicinityStore

@Suite("Users are forgotten, on a desk")
struct ForgettingTests {
    /// `u` and `v` are inside with `s`: events 1 and 2.
    private func desk() throws -> Desk {
        var desk = try Desk.open()
        desk.put("s")
        desk.fix("u", isNear: true, time: 1)
        desk.fix("v", isNear: true, time: 1)
        desk.commit()
        return desk
    }

    private func seqs(_ relay: Relay) -> [String] {
        relay.lines.compactMap { line in line.hasPrefix("{\"seq\":") ? String(line.dropFirst(7).prefix { $0 != "," }) : nil }
    }

    @Test("It is answered when nothing is left, and written down in the same commit")
    func answered() throws {
        var desk = try desk()
        let answer = Mutex<Int64?>(nil)
        desk.forget("u", Reply { outcome in answer.withLock { $0 = try? outcome.get() } })
        #expect(answer.withLock { $0 } == nil && desk.store.contents.audit.isEmpty)
        try desk.erase()
        #expect(answer.withLock { $0 } == 2)
        let entry = try #require(desk.store.contents.audit.first?.entry)
        #expect(entry.method == "users.forget" && entry.outcome == "forgotten" && entry.detail == "events: 2")
        #expect(entry.peer == AuditEntry.Peer(uid: 1, gid: 2, pid: 3) && entry.user != nil)
    }

    @Test("A crash between any two steps is made good by the next start, with one entry, and the same count", arguments: 0..<12)
    func crashed(steps: Int) throws {
        var desk = try desk()
        desk.forget("u")
        for _ in 0..<steps where !desk.store.erasures.isEmpty { try desk.eraseStep() }
        var again = try Desk.open(desk.store.contents)
        try again.erase()
        let contents = again.store.contents
        #expect(contents.audit.map(\.entry.detail) == ["events: 2"])
        #expect(again.store.erasures.isEmpty)
        var users: [[UInt8]?] = []
        for block in contents.blocks { try block.forEachView { users.append($0.event.user) } }
        #expect(users == [nil, Array("v".utf8), nil])
        for bytes in Array(contents.journals.values) + contents.pages.values.map(\.bytes) {
            #expect(!bytes.indices.contains { place in bytes[place...].starts(with: [1, 117]) }, "the id with its length")
        }
    }

    @Test("Who signs off is gone from what is stored within the hour, though nothing else is written", arguments: [false, true])
    func old(restarts: Bool) throws {
        var desk = try desk()
        desk.fix("v", isNear: false, time: 2)
        desk.gone("u", time: 3)
        desk.commit()
        if restarts { desk = try Desk.open(desk.store.contents) }
        #expect(holdsState(of: "u", desk.store.contents))
        desk.wait(milliseconds: 3_599_000)
        #expect(desk.store.erasures.isEmpty)
        desk.wait(milliseconds: 2000)
        #expect(desk.store.erasures.count == 1)
        try desk.erase()
        let contents = desk.store.contents
        #expect(!holdsState(of: "u", contents) && holdsState(of: "v", contents))
        #expect(contents.audit.isEmpty, "nobody asked for it")
        desk.wait(milliseconds: 7_200_000)
        #expect(desk.store.erasures.isEmpty, "there is nothing to take away")
    }

    /// Whether a journal or a page holds an id, with its length.
    private func holdsState(of user: String, _ contents: MemoryStore.Contents) -> Bool {
        let id = [UInt8(user.utf8.count)] + Array(user.utf8)
        return (Array(contents.journals.values) + contents.pages.values.map(\.bytes)).contains { bytes in
            bytes.indices.contains { place in bytes[place...].starts(with: id) }
        }
    }

    @Test("So many wait at most")
    func bound() throws {
        var desk = try desk()
        let refused = Mutex(0)
        for number in 0..<70 {
            desk.forget("w\(number)", Reply { outcome in if case .failure = outcome { refused.withLock { $0 += 1 } } })
        }
        #expect(refused.withLock { $0 } == 6 && desk.store.erasures.count == 64)
        try desk.erase()
        desk.forget("u", Reply { outcome in if case .failure = outcome { refused.withLock { $0 += 1 } } })
        #expect(refused.withLock { $0 } == 6)
    }

    // MARK: - Relays with a filter

    @Test("A relay that lags gets the leave of an enter that it had, though both lost the user before it read on")
    func late() throws {
        var desk = try desk()
        var relay = Relay(desk, #"{"after":0,"users":["u"]}"#)
        try relay.run(&desk)
        #expect(seqs(relay) == ["1"])
        desk.forget("u")
        try relay.run(&desk, canWrite: false, commits: false)
        try desk.erase()
        desk.fix("v", isNear: false, time: 2)
        desk.commit()
        try relay.run(&desk)
        #expect(seqs(relay) == ["1", "3"])
        #expect(relay.lines.last?.contains(#""user":null"#) == true)
    }

    @Test("A relay that lags gets both or neither, as the enter had its user when it was read")
    func both() throws {
        for isErased in [false, true] {
            var desk = try desk()
            var relay = Relay(desk, #"{"after":0,"users":["u"]}"#)
            try relay.run(&desk, canWrite: false)
            desk.forget("u")
            try relay.run(&desk, canWrite: false, commits: false)
            if isErased { try desk.erase() }
            try relay.run(&desk, commits: false)
            #expect(seqs(relay) == (isErased ? [] : ["1", "3"]))
        }
    }

    @Test("What was read from the disk before is not sent afterwards")
    func loaded() throws {
        // Out of the feed's memory.
        var desk = try Desk.open(try desk().store.contents)
        var relay = Relay(desk, #"{"after":0}"#)
        try relay.load(&desk)
        desk.forget("u")
        try desk.erase()
        try relay.run(&desk)
        #expect(seqs(relay) == ["1", "2", "3"] && !relay.lines.contains { $0.contains(#""user":"u""#) })
    }

    @Test("A snapshot that is under way names nobody who was forgotten meanwhile")
    func snapshot() throws {
        var desk = try desk()
        var relay = Relay(desk, #"{"snapshot":true}"#)
        try relay.run(&desk, canWrite: false)
        desk.forget("u")
        try relay.run(&desk)
        #expect(relay.lines.count { $0.contains(#""type":"inside""#) } == 2)
        #expect(!relay.lines.contains { $0.contains(#""user":"u""#) })
        #expect(seqs(relay).suffix(1) == ["3"])
    }
}
