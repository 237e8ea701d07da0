// The three integrals along a geodesic, as Fourier series in the arc length σ on the auxiliary sphere.
//
// A geodesic of an ellipsoid of revolution maps to a great circle of a sphere (latitude φ to the reduced latitude β). With
// k = e′ cos α₀, where α₀ is the azimuth at the equator, and ε = k² / (2(1 + √(1 + k²)) + k²):
//
//     I₁(σ) = ∫ √(1 + k² sin²σ) dσ         distance, in units of b
//     I₂(σ) = ∫ 1/√(1 + k² sin²σ) dσ       with I₁ the reduced length
//     I₃(σ) = ∫ (2 − f)/(1 + (1 − f)√(1 + k² sin²σ)) dσ      longitude
//
// each Iⱼ(σ) = Aⱼ · (σ + Σ Cⱼₗ sin 2lσ). Coefficients to the sixth order in ε (the fifth and n² for I₃, which is multiplied by f):
// C. F. F. Karney, Algorithms for geodesics, J. Geodesy 87 (2013), 43–55, equations 7, 8, 15–18, 23–25, 40–43. On the earth what they
// leave out is below 1 nm.

/// One integral: `scale · (σ + Σ cₗ sin 2lσ)`, l from 1 to 6.
struct GeodesicSeries {
    /// Aⱼ.
    var scale: Double
    var c1: Double
    var c2: Double
    var c3: Double
    var c4: Double
    var c5: Double
    var c6: Double

    /// The sum of sines at σ, by Clenshaw's recurrence.
    ///
    /// - Parameter arc: σ, as a direction of length 1.
    func periodic(_ arc: UnitAngle) -> Double {
        let x = 2 * (arc.cosine - arc.sine) * (arc.cosine + arc.sine)  // 2 cos 2σ
        let y6 = c6
        let y5 = c5 + x * y6
        let y4 = c4 + x * y5 - y6
        let y3 = c3 + x * y4 - y5
        let y2 = c2 + x * y3 - y4
        let y1 = c1 + x * y2 - y3
        return 2 * arc.sine * arc.cosine * y1
    }

    /// I₁ for an ε.
    static func distance(_ e: Double) -> GeodesicSeries {
        let s = e * e
        return GeodesicSeries(
            scale: (1 + s * (1.0 / 4 + s * (1.0 / 64 + s / 256))) / (1 - e),
            c1: e * (-1.0 / 2 + s * (3.0 / 16 - s / 32)),
            c2: s * (-1.0 / 16 + s * (1.0 / 32 - s * 9 / 2048)),
            c3: e * s * (-1.0 / 48 + s * 3 / 256),
            c4: s * s * (-5.0 / 512 + s * 3 / 512),
            c5: e * s * s * (-7.0 / 1280),
            c6: s * s * s * (-7.0 / 2048))
    }

    /// I₂ for an ε.
    static func reducedLength(_ e: Double) -> GeodesicSeries {
        let s = e * e
        return GeodesicSeries(
            scale: (1 + s * (1.0 / 4 + s * (9.0 / 64 + s * 25 / 256))) * (1 - e),
            c1: e * (1.0 / 2 + s * (1.0 / 16 + s / 32)),
            c2: s * (3.0 / 16 + s * (1.0 / 32 + s * 35 / 2048)),
            c3: e * s * (5.0 / 48 + s * 5 / 256),
            c4: s * s * (35.0 / 512 + s * 7 / 512),
            c5: e * s * s * (63.0 / 1280),
            c6: s * s * s * (77.0 / 2048))
    }

    /// I₃ for an ε.
    static func longitude(_ e: Double) -> GeodesicSeries {
        let n = Ellipsoid.thirdFlattening
        let e2 = e * e
        let e3 = e2 * e
        let c1 =
            e
            * ((1 - n) / 4
                + e * ((1 - n * n) / 8 + e * (3.0 / 64 + 3 * n / 64 - n * n / 64 + e * (5.0 / 128 + n / 64 + e * 3 / 128))))
        let c2 =
            e2
            * (1.0 / 16 - 3 * n / 32 + n * n / 32
                + e * (3.0 / 64 - n / 32 - 3 * n * n / 64 + e * (3.0 / 128 + n / 128 + e * 5 / 256)))
        let c3 = e3 * (5.0 / 192 - 3 * n / 64 + 5 * n * n / 192 + e * (3.0 / 128 - 5 * n / 192 + e * 7 / 512))
        return GeodesicSeries(
            scale: longitudeScale(e), c1: c1, c2: c2, c3: c3,
            c4: e3 * e * (7.0 / 512 - 7 * n / 256 + e * 7 / 512),
            c5: e3 * e2 * 21 / 2560,
            c6: 0)
    }

    /// A₃ for an ε.
    static func longitudeScale(_ e: Double) -> Double {
        let n = Ellipsoid.thirdFlattening
        let c1 = -(1 - n) / 2
        let c2 = -(1.0 / 4 + n / 8 - 3 * n * n / 8)
        let c3 = -(1.0 / 16 + 3 * n / 16 + n * n / 16)
        let c4 = -(3.0 / 64 + n / 32)
        let c5 = -3.0 / 128
        return 1 + e * (c1 + e * (c2 + e * (c3 + e * (c4 + e * c5))))
    }

    /// The expansion's parameter ε for a geodesic that crosses the equator at azimuth α₀.
    ///
    /// - Parameter cosine: cos α₀.
    static func parameter(cosineAtEquator cosine: Double) -> Double {
        let k2 = Ellipsoid.secondEccentricitySquared * cosine * cosine
        return k2 / (2 * (1 + (1 + k2).squareRoot()) + k2)
    }
}
