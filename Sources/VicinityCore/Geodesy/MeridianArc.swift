// The length of a meridian from the equator to a latitude, and back.
//
// The rectifying latitude μ is proportional to that length. Both series are in the third flattening n, to the fourth order, as in
// C. F. F. Karney, Transverse Mercator with an accuracy of a few nanometers (2011), section 5, and in Snyder, Map Projections (1987), 3-26
// and 3-34. What is left out, n⁵ of the length, is less than 0.1 µm.

import CPrimitives

/// Metres along a meridian.
enum MeridianArc {
    /// From the equator to a pole, in metres.
    static var quarter: Double { rectifyingRadius * Double.pi / 2 }

    /// The signed length from the equator to a latitude.
    ///
    /// - Parameter latitude: in units of 1e-7 degree.
    static func length(to latitude: Int32) -> Double {
        let angle = Double(latitude) * Ellipsoid.radiansPerUnit
        let n = Ellipsoid.thirdFlattening
        let square = n * n
        let correction = multiples(
            of: angle, -1.5 * n + 0.5625 * square * n, 0.9375 * square - 0.46875 * square * square, -35 / 48 * square * n,
            315 / 512 * square * square)
        return rectifyingRadius * (angle + correction)
    }

    /// The latitude at a signed length from the equator.
    ///
    /// - Parameter length: metres; what lies beyond a pole counts as the pole.
    /// - Returns: units of 1e-7 degree.
    static func latitude(at length: Double) -> Double {
        guard abs(length) < quarter else { return length < 0 ? -900_000_000 : 900_000_000 }
        let rectifying = length / rectifyingRadius
        let n = Ellipsoid.thirdFlattening
        let square = n * n
        let correction = multiples(
            of: rectifying, 1.5 * n - 0.84375 * square * n, 1.3125 * square - 1.71875 * square * square, 151 / 96 * square * n,
            1097 / 512 * square * square)
        return (rectifying + correction) / Ellipsoid.radiansPerUnit
    }

    /// Metres of length for a radian of rectifying latitude.
    private static var rectifyingRadius: Double {
        let square = Ellipsoid.thirdFlattening * Ellipsoid.thirdFlattening
        return Ellipsoid.equatorialRadius / (1 + Ellipsoid.thirdFlattening) * (1 + square / 4 + square * square / 64)
    }

    /// a sin 2x + b sin 4x + c sin 6x + d sin 8x.
    private static func multiples(of angle: Double, _ a: Double, _ b: Double, _ c: Double, _ d: Double) -> Double {
        let sine = vicinity_sin(2 * angle)
        let cosine = vicinity_cos(2 * angle)
        // Clenshaw's recurrence.
        let third = c + 2 * cosine * d
        let second = b + 2 * cosine * third - d
        return sine * (a + 2 * cosine * second - third)
    }
}
