import Testing

@testable import VicinityServer

/// The decision whether the service manager is told that the daemon lives, drawn as a picture.
///
/// The manager's patience is 12 ticks, so that a round begins, and the manager is told, every 4; each character is what is seen at a tick:
///
///     .  the round is back, or there is none        L  an event loop has not had its turn
///     e  it waits for the engine, nothing moves     E  for the engine, which has done a step since the last look
///     s  for the store, nothing moves               S  for the store, which has done a step
///     d  for the disk, nothing moves                D  for the disk, which has completed something for somebody
///     w  for the store, the disk has completed something for somebody
@Suite("The watchdog: the decision")
struct VigilTests {
    /// What became of it, a character a tick: `+` told, `b` a round begins, `B` both, `.` nothing; a `!` follows where a round is late.
    private func play(_ picture: String, limit: Int64 = 12, ticks: Int64 = 1) -> String {
        var vigil = Vigil(limit: limit, now: 0)
        var steps: [Vigil.Stage: UInt64] = [:]
        var completed: UInt64 = 0
        var result = ""
        for (tick, character) in picture.enumerated() {
            func sight(_ stage: Vigil.Stage, works: Bool) -> [Vigil.Sight] {
                if works { steps[stage, default: 0] += 1 }
                return [Vigil.Sight(stage: stage, steps: steps[stage] ?? 0, completed: completed)]
            }
            if "Dw".contains(character) { completed += 1 }
            let sights: [Vigil.Sight] =
                switch character {
                case "L": [Vigil.Sight(stage: .loop(1))]
                case "e", "E": sight(.engine, works: character == "E")
                case "s", "S", "w": sight(.store, works: character == "S")
                case "d", "D": [Vigil.Sight(stage: .disk, completed: completed)]
                default: []
                }
            let verdict = vigil.look(at: sights, now: Int64(tick) * ticks)
            result += verdict.feeds ? (verdict.begins ? "B" : "+") : (verdict.begins ? "b" : ".")
            if verdict.late != nil { result += "!" }
        }
        return result
    }

    @Test(arguments: [
        // Quick rounds: told as soon as each is back, and the next begins a third of the time after it began.
        (seen: ".........", told: "b+..b+..b"),
        // A round that is back after three ticks.
        (seen: ".ee.....", told: "b..+b+.."),
        // Nothing moves, from the first round on, and from the second: never told again; late after half of the time.
        (seen: ".eeeeeeeee", told: "b.......!.!.!"),
        (seen: ".....eeeeeeeee", told: "b+..b.......!.!.!"),
        (seen: ".....LLLLLLLLL", told: "b+..b.......!.!.!"),
        (seen: ".....sssssssss", told: "b+..b.......!.!.!"),
        (seen: ".....ddddddddd", told: "b+..b.......!.!.!"),
        // It works: told every third of the time, though the round does not come back; and it is late.
        (seen: ".EEEEEEEEEEEE", told: "b...+...!+!.!.!.!+!"),
        (seen: ".SSSSSSSSSSSS", told: "b...+...!+!.!.!.!+!"),
        // It works now and then.
        (seen: ".sSsssssSssss", told: "b...+...!+!.!.!.!.!"),
        // It worked, and then hung: told once more for what it did, and then not.
        (seen: ".SSSsssssssss", told: "b...+...!.!.!.!.!.!"),
        // It came from the engine to the store, which hangs: that it came so far is told once.
        (seen: ".eeesssssssss", told: "b...+...!.!.!.!.!.!"),
        // A device that is busy for others excuses the disk, and a store that waits for it.
        (seen: ".DDDDDDDDDDDD", told: "b...+...!+!.!.!.!+!"),
        (seen: ".wwwwwwwwwwww", told: "b...+...!+!.!.!.!+!"),
        // Late once; noted until a round is in time.
        (seen: ".SSSSSSSS......", told: "b...+...!+!B!+..b+"),
    ])
    func tells(seen: String, told: String) {
        #expect(play(seen) == told)
    }

    @Test("A device that is busy for others is believed for a minute")
    func deviceGrace() {
        // A tick is a second here, the patience 12 s.
        let result = play("." + String(repeating: "D", count: 200), limit: 12_000_000_000, ticks: 1_000_000_000)
        let told = result.filter { $0 != "!" }
        let last = told.lastIndex(of: "+").map { told.distance(from: told.startIndex, to: $0) }
        #expect(last.map { (56...64).contains($0) } == true, "\(String(describing: last))")
    }

    @Test("Whoever hangs is given up no later than a third after the manager's patience", arguments: ["e", "s", "d", "L"])
    func patience(hang: Character) {
        for healthy in 1..<12 {
            let result = play(String(repeating: ".", count: healthy) + String(repeating: hang, count: 30)).filter { $0 != "!" }
            let last = result.lastIndex { $0 == "+" || $0 == "B" }.map { result.distance(from: result.startIndex, to: $0) } ?? 0
            #expect(last <= healthy + 4, "\(healthy): \(result)")
        }
    }
}
