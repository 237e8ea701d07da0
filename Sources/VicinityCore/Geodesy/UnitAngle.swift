// Sine and cosine of an angle that is an integer number of 1e-7 degree.
//
// The integer is folded into −45°…45° before it becomes a floating-point number: folding is exact, so the sine and the cosine are good
// to the last bit also near 90° and 180°, and are exactly 0 and ±1 on the axes.

import CPrimitives

/// The sine and the cosine of an angle: a direction.
struct UnitAngle {
    var sine: Double
    var cosine: Double

    init(sine: Double, cosine: Double) {
        self.sine = sine
        self.cosine = cosine
    }

    /// The direction of an integer angle.
    ///
    /// - Parameter units: units of 1e-7 degree, −1,800,000,000 to 1,800,000,000.
    init(units: Int64) {
        let quarter: Int64 = 900_000_000
        let magnitude = abs(units)
        let folded = magnitude > quarter ? 2 * quarter - magnitude : magnitude  // 0° to 90°
        let sine: Double
        let cosine: Double
        if folded <= quarter / 2 {
            let angle = Double(folded) * Ellipsoid.radiansPerUnit
            sine = vicinity_sin(angle)
            cosine = vicinity_cos(angle)
        } else {
            let angle = Double(quarter - folded) * Ellipsoid.radiansPerUnit
            sine = vicinity_cos(angle)
            cosine = vicinity_sin(angle)
        }
        self.sine = units < 0 ? -sine : sine
        self.cosine = magnitude > quarter ? -cosine : cosine
    }

    /// The same direction at length 1; the zero vector has none and must not be given.
    func normalized() -> UnitAngle {
        let length = vicinity_hypot(sine, cosine)
        return UnitAngle(sine: sine / length, cosine: cosine / length)
    }

    /// The angle in radians, −π to π.
    var radians: Double { vicinity_atan2(sine, cosine) }

    /// The angle turned back by `other`.
    func minus(_ other: UnitAngle) -> UnitAngle {
        UnitAngle(
            sine: sine * other.cosine - cosine * other.sine,
            cosine: cosine * other.cosine + sine * other.sine)
    }

    /// The same angle, or none where rounding made it a little less than none.
    var forward: UnitAngle { UnitAngle(sine: sine > 0 ? sine : 0, cosine: cosine) }
}
