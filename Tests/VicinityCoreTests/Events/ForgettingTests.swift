import Testing
import VicinityCore
import VicinitySimulation

@Suite("Events: a user is taken out of a block")
struct ForgettingTests {
    /// Events of few users, with ids of one byte and of the longest there may be.
    private func events(seed: UInt64) -> [Event] {
        var random = SeededRandom(seed: seed)
        let users = (0..<4).map { number in [UInt8](repeating: UInt8(97 + number), count: [1, 15, 127, 128][number]) }
        return (0..<Int.random(in: 1...40, using: &random)).map { place in
            let seq = Int64(100 + place)
            let changes: [Event.Change] = [
                .enter(.user, .within(250)), .enter(.radius, .nothing), .enter(.subject, .distance(1.25)),
                .leave(.expired, encounter: seq - 7, lasted: 9_999_999), .report(number: 3, kind: "tip"), .following,
            ]
            return Event(
                seq: seq, time: 1_700_000_000_000 + Int64.random(in: -5000...5000, using: &random),
                change: changes.randomElement(using: &random) ?? .following, user: users.randomElement(using: &random),
                subject: users[Int.random(in: 0..<4, using: &random)], kind: Bool.random(using: &random) ? users[0] : nil)
        }
    }

    private func block(_ events: [Event]) throws -> EventBlock {
        var builder = EventBlockBuilder(firstSeq: events[0].seq)
        for event in events { builder.append(event) }
        return try #require(builder.finish())
    }

    private func events(of block: EventBlock) throws -> [Event] {
        var events: [Event] = []
        try block.forEachView { events.append($0.event) }
        return events
    }

    @Test("Its events lose the user up to a seq, and nothing else changes", arguments: UInt64(0)..<200)
    func comparison(seed: UInt64) throws {
        let before = events(seed: seed)
        let users = Array(Set(before.compactMap(\.user))).sorted { $0.count < $1.count }.prefix(2)
        let forgotten = users.map { ForgottenUser(id: $0, through: 100 + Int64(seed % 50)) }
        var expected = before
        var counts = [Int64](repeating: 0, count: forgotten.count)
        for place in expected.indices {
            guard let index = forgotten.firstIndex(where: { $0.id == expected[place].user && expected[place].seq <= $0.through }) else {
                continue
            }
            expected[place].user = nil
            counts[index] += 1
        }
        guard let found = try block(before).forgetting(forgotten) else {
            #expect(counts.allSatisfy { $0 == 0 })
            return
        }
        #expect(found.events == counts)
        let after = try events(of: EventBlock(firstSeq: 100, stored: found.block.bytes))
        #expect(after == expected)
        // To the byte the block that would have been written without the user.
        #expect(found.block.bytes == (try block(expected)).bytes)
        #expect(try found.block.forgetting(forgotten) == nil, "once is enough")
    }

    /// Two erasures of one user may be under way: who was forgotten came again, and was forgotten again.
    @Test("Who is forgotten twice at once is taken out once, and each event counts for one of the two")
    func twice() throws {
        let block = try block(
            (1...4).map { Event(seq: $0, time: 5, change: .following, user: [120], subject: [121], kind: nil) })
        let forgotten = [ForgottenUser(id: [120], through: 2), ForgottenUser(id: [120], through: 3)]
        let found = try #require(try block.forgetting(forgotten))
        #expect(found.events == [2, 1])
        let after = try events(of: found.block)
        #expect(after.map(\.user) == [nil, nil, nil, [120]])
    }

    @Test("What is no block is damage, and a subject that has the user's id keeps it")
    func edges() throws {
        let event = Event(seq: 1, time: 5, change: .enter(.user, .nothing), user: [120], subject: [120], kind: [120])
        let block = try block([event])
        let forgotten = [ForgottenUser(id: [120], through: 1)]
        let found = try #require(try block.forgetting(forgotten))
        let after = try events(of: found.block)
        #expect(after[0].user == nil && after[0].subject == [120] && after[0].kind == [120])
        let cut = EventBlock(firstSeq: 1, count: 1, bytes: Array(block.bytes.dropLast()))
        #expect(throws: EventBlock.Damaged.self) { try cut.forgetting(forgotten) }
    }
}
