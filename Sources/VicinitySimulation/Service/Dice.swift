/// The one source of chance of a simulation, shared by everybody in it.
final class Dice {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    func next() -> UInt64 { random.next() }

    /// 0 up to `bound` − 1.
    func below(_ bound: Int) -> Int { random.below(bound) }

    func whole(_ range: ClosedRange<Int64>) -> Int64 { random.whole(range) }

    func real(_ range: ClosedRange<Double>) -> Double { random.real(range) }

    func chance(_ probability: Double) -> Bool { random.chance(probability) }

    func pick<Value>(_ values: [Value]) -> Value { random.pick(values) }

    /// Mostly little, now and then much: bytes that a call moves, 1 up to `bound`.
    func amount(upTo bound: Int) -> Int {
        guard bound > 1 else { return 1 }
        switch below(8) {
        case 0: return 1 + below(min(bound, 4))
        case 1: return bound
        default: return 1 + below(min(bound, 2_000))
        }
    }
}
