/// Chance that can be repeated: SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
///
/// The draws below are written out instead of taken from the standard library, so that a seed means the same world with
/// every version of it.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A whole number of 0 up to `bound` − 1; `bound` is at least 1.
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "nothing lies below the bound")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    package mutating func whole(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(below(Int(range.upperBound - range.lowerBound) + 1))
    }

    /// At least 0, below 1.
    package mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    package mutating func real(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * fraction()
    }

    package mutating func chance(_ probability: Double) -> Bool { fraction() < probability }

    /// One of the values, all equally likely; there is at least one.
    package mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

    /// A direction, all equally likely.
    package mutating func direction() -> (north: Double, east: Double) {
        while true {
            let north = real(-1...1)
            let east = real(-1...1)
            let length = (north * north + east * east).squareRoot()
            if length > 0.01, length <= 1 { return (north / length, east / length) }
        }
    }
}
