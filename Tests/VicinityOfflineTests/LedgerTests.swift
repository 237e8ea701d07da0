import Testing
import VicinityCore

@testable import VicinityOffline

/// A letter is a pair of a user and a subject of that name; `+a` enters, `-a3` leaves and closes encounter 3, `ra` is a report and `fa` a
/// following; `*` is a user who was forgotten.
@Suite("The ledger of pairs")
struct LedgerTests {
    @Test(
        arguments: [
            (1, "+a -a1 +a -a3", []),
            (1, "+a +b -b2 -a1 +b -b5", []),
            (1, "+a +a", ["2 again 1"]),
            (1, "+a -a1 -a1", ["3 without 1"]),
            (1, "+a +b -b1", ["3 another 1 2"]),
            (1, "+a -a2", ["2 future 2"]),
            // From the middle: what was opened before is closed once.
            (100, "-a7 +a -a101", []),
            (100, "-a7 -b7", ["101 twice 7"]),
            (100, "+a -a7", ["101 another 7 100"]),
            // Those who were forgotten are told apart by their encounters.
            (1, "+* +* -*1 -*2", []),
            (1, "+* -*1 -*1", ["3 without 1"]),
            // Reports come whenever they come; who follows has left.
            (1, "ra +a ra -a2 fa ra +a", []),
            (1, "+a +b -b2 fb fa", ["5 follows 1"]),
            (1, "+* -*1 f* r*", []),
        ] as [(Int64, String, [String])])
    func tracks(first: Int64, track: String, expected: [String]) throws {
        var ledger = PairLedger()
        ledger.begin(at: first)
        var said: [String] = []
        try block(first, track).forEachView { event in
            do throws(PairLedger.Contradiction) { try ledger.take(event) } catch { said.append("\(event.seq) \(word(error))") }
        }
        #expect(said == expected)
    }

    @Test("It holds what is open, and nothing else")
    func bounded() throws {
        var ledger = PairLedger()
        ledger.begin(at: 1)
        for round in Int64(0)..<500 {
            let seq = round * 4 + 1
            try block(seq, "+a +b -a\(seq) -b\(seq + 1)").forEachView { event in try ledger.take(event) }
            #expect(ledger.open.isEmpty && ledger.closedBefore.isEmpty)
        }
    }

    private func block(_ first: Int64, _ track: String) throws -> EventBlock {
        var builder = EventBlockBuilder(firstSeq: first)
        for (index, word) in track.split(separator: " ").enumerated() {
            let name = word.dropFirst().prefix(1)
            let time = Int64(index) * 10
            let encounter = Int64(word.dropFirst(2)) ?? 0
            let lasted = encounter >= first ? time - (encounter - first) * 10 : 5
            let change: Event.Change =
                switch word.first {
                case "+": .enter(.user, .nothing)
                case "r": .report(number: 1, kind: "tip")
                case "f": .following
                default: .leave(.user, encounter: encounter, lasted: lasted)
                }
            builder.append(
                Event(
                    seq: 0, time: time, change: change, user: name == "*" ? nil : Array("u-\(name)".utf8),
                    subject: Array("s-\(name)".utf8), kind: nil))
        }
        return try #require(builder.finish())
    }

    private func word(_ contradiction: PairLedger.Contradiction) -> String {
        switch contradiction {
        case .entersAgain(let since): "again \(since)"
        case .leavesWithoutEnter(let encounter): "without \(encounter)"
        case .leavesAnother(let encounter, let open): "another \(encounter) \(open)"
        case .leavesTwice(let encounter): "twice \(encounter)"
        case .leavesTheFuture(let encounter): "future \(encounter)"
        case .lasted(let lasted, let expected): "lasted \(lasted) \(expected)"
        case .followsInside(let since): "follows \(since)"
        }
    }
}
