// The general inverse problem: shoot from the first point, see by how much longitude the second is missed, correct the azimuth.
//
// λ₁₂(α₁), the longitude at which a geodesic from the first point reaches the second point's latitude on its way north, has a
// single root for 0 < α₁ < 180° and a derivative in closed form, so that Newton's method converges in a few steps from a good start;
// where it leaves the bracket that the signs so far allow, the bracket is halved instead. The start is the great circle on
// the auxiliary sphere, and nearly opposite points, where that is useless, start from the astroid (see `azimuthOfAntipodal`).

import CPrimitives

struct GeodesicShooter {
    /// φ₁ ≤ 0, not the pole.
    let south: ReducedLatitude
    /// φ₁ ≤ φ₂ ≤ −φ₁.
    let north: ReducedLatitude
    /// λ₁₂, between 0 and 180°.
    let longitude: UnitAngle
    /// λ₁₂ in radians.
    let angle: Double

    /// 2⁻⁵², and its square root.
    private static var resolution: Double { Double.ulpOfOne }
    private static var rootOfResolution: Double { 1.490_116_119_384_765_6e-8 }
    /// Arcs up to this are solved on a sphere, with an error in proportion to f·arc³ (Karney's estimate, section 4 and its addenda).
    private static var shortArc: Double { 0.1 * rootOfResolution / (Ellipsoid.flattening / 2).squareRoot() }
    /// Stands for an azimuth of 0 where the point lies on the equator, where the true one is not known.
    fileprivate static var tiny: Double { 1e-150 }

    /// The distance in metres.
    func distance() -> Double {
        if let short = shortDistance() { return short }
        var azimuth = start()
        var low = UnitAngle(sine: Self.tiny, cosine: 1)
        var high = UnitAngle(sine: Self.tiny, cosine: -1)
        var shot = Shot(self, azimuth: azimuth)
        var last = Double.infinity
        for round in 0..<100 {
            let miss = shot.miss
            // Done within rounding, or where Newton's method has ceased to gain.
            if abs(miss) <= Self.resolution || (abs(miss) < 16 * Self.resolution && abs(miss) >= abs(last)) { break }
            last = miss
            // The azimuth grows with the longitude reached.
            if miss > 0, azimuth.cosine / azimuth.sine > high.cosine / high.sine { high = azimuth }
            if miss < 0, azimuth.cosine / azimuth.sine < low.cosine / low.sine { low = azimuth }
            let step = -miss / shot.missSlope
            var next = UnitAngle(sine: 0, cosine: 1)
            if round < 20, shot.missSlope > 0, abs(step) < Double.pi {
                let turn = UnitAngle(sine: vicinity_sin(step), cosine: vicinity_cos(step))
                next = UnitAngle(
                    sine: azimuth.sine * turn.cosine + azimuth.cosine * turn.sine,
                    cosine: azimuth.cosine * turn.cosine - azimuth.sine * turn.sine)
            }
            if next.sine <= 0 {
                next = UnitAngle(sine: (low.sine + high.sine) / 2, cosine: (low.cosine + high.cosine) / 2)
            }
            azimuth = next.normalized()
            shot = Shot(self, azimuth: azimuth)
        }
        return Geodesic.length(from: shot.startArc, to: shot.endArc, shot.distanceSeries)
    }

    /// The distance if the points are so near each other that a sphere does as well: one of radius b√(1 + e′² sin² β) at the middle.
    private func shortDistance() -> Double? {
        guard north.cosine * angle < 0.5, north.sine < 0.5 else { return nil }
        let sum = UnitAngle(sine: south.sine + north.sine, cosine: south.cosine + north.cosine)
        let sineSquared = sum.sine * sum.sine / (sum.sine * sum.sine + sum.cosine * sum.cosine)
        let stretch = (1 + Ellipsoid.secondEccentricitySquared * sineSquared).squareRoot()
        let turn = angle / (Ellipsoid.axisRatio * stretch)
        let spherical = UnitAngle(sine: vicinity_sin(turn), cosine: vicinity_cos(turn))
        let direction = greatCircle(spherical)
        let arc = UnitAngle(sine: vicinity_hypot(direction.sine, direction.cosine), cosine: cosineOfArc(spherical))
        return arc.sine < Self.shortArc ? arc.radians * Ellipsoid.polarRadius * stretch : nil
    }

    /// The azimuth from which to start.
    private func start() -> UnitAngle {
        var azimuth = greatCircle(longitude)
        let arc = vicinity_hypot(azimuth.sine, azimuth.cosine)
        // Karney's condition for the antipodal region, with |n| of the earth.
        let region = 6 * Ellipsoid.thirdFlattening * Double.pi * south.cosine * south.cosine
        if cosineOfArc(longitude) < 0, arc < region { azimuth = azimuthOfAntipodal() }
        return azimuth.sine > 0 ? azimuth.normalized() : UnitAngle(sine: 1, cosine: 0)
    }

    /// The azimuth of the great circle on the auxiliary sphere, times the sine of its arc (equations 49, 51).
    private func greatCircle(_ longitude: UnitAngle) -> UnitAngle {
        let squared = longitude.sine * longitude.sine
        let cosine =
            longitude.cosine >= 0
            ? north.sine * south.cosine - north.cosine * south.sine + north.cosine * south.sine * squared / (1 + longitude.cosine)
            : sineOfSum - north.cosine * south.sine * squared / (1 - longitude.cosine)
        return UnitAngle(sine: north.cosine * longitude.sine, cosine: cosine)
    }

    private func cosineOfArc(_ longitude: UnitAngle) -> Double {
        south.sine * north.sine + south.cosine * north.cosine * longitude.cosine
    }

    /// sin(β₁ + β₂): 0 for opposite latitudes.
    private var sineOfSum: Double { north.sine * south.cosine + north.cosine * south.sine }

    /// The start for nearly opposite points (equations 53 to 57).
    ///
    /// Around the antipode of the first point the geodesics touch an astroid. In coordinates x, y that make its cusps ±1, the
    /// azimuth follows from the positive root of a quartic, found by ``astroidRoot(_:_:)``.
    private func azimuthOfAntipodal() -> UnitAngle {
        let parameter = GeodesicSeries.parameter(cosineAtEquator: south.sine)
        let longitudeScale = Ellipsoid.flattening * south.cosine * GeodesicSeries.longitudeScale(parameter) * Double.pi
        let latitudeScale = longitudeScale * south.cosine
        let x = (angle - Double.pi) / longitudeScale
        let y = sineOfSum / latitudeScale
        if y > -200 * Self.resolution, x > -1 - 1000 * Self.rootOfResolution {
            // On the line between the cusps, where two equal geodesics lead to the point.
            let sine = min(1, -x)
            return UnitAngle(sine: sine, cosine: -(1 - sine * sine).squareRoot())
        }
        let root = Self.astroidRoot(x, y)
        let remainder = -longitudeScale * x * root / (1 + root)  // π − ω₁₂
        return greatCircle(UnitAngle(sine: vicinity_sin(remainder), cosine: -vicinity_cos(remainder)))
    }

    /// The positive κ with x²/(1 + κ)² + y²/κ² = 1.
    ///
    /// The left side falls and is convex, and is at least 1 at the start, so that Newton's method comes nearer from below each time. A start
    /// for the shooting needs three digits, and gets them in at most some twenty steps, near a cusp.
    private static func astroidRoot(_ x: Double, _ y: Double) -> Double {
        var root = max(abs(y), abs(x) - 1)
        for _ in 0..<60 where root > 0 {
            let first = x / (1 + root)
            let second = y / root
            let excess = first * first + second * second - 1
            let slope = 2 * (first * first / (1 + root) + second * second / root)
            let step = excess / slope
            root += step
            if step <= 1e-6 * root { break }
        }
        return root
    }
}

/// The geodesic that leaves the first point at some azimuth, up to where it reaches the second's latitude.
private struct Shot {
    /// σ₁ and σ₂.
    let startArc: UnitAngle
    let endArc: UnitAngle
    let distanceSeries: GeodesicSeries
    /// By how many radians it passes the second point's longitude.
    let miss: Double
    /// The derivative of ``miss`` by the azimuth.
    let missSlope: Double

    init(_ goal: GeodesicShooter, azimuth: UnitAngle) {
        let south = goal.south
        let north = goal.north
        var cosine1 = azimuth.cosine
        if south.sine == 0, cosine1 == 0 { cosine1 = -GeodesicShooter.tiny }  // the limit is from the south

        // α₀ by Clairaut's relation, and α₂ likewise, in forms that do not cancel (equations 5, 45).
        let sine0 = azimuth.sine * south.cosine
        let cosine0 = vicinity_hypot(cosine1, azimuth.sine * south.sine)
        var cosine2 = abs(cosine1)
        if north.cosine != south.cosine || abs(north.sine) != -south.sine {
            let gain =
                south.cosine < -south.sine
                ? (north.cosine - south.cosine) * (south.cosine + north.cosine)
                : (south.sine - north.sine) * (south.sine + north.sine)
            let along = cosine1 * south.cosine
            cosine2 = max(0, along * along + gain).squareRoot() / north.cosine
        }

        // σ and ω at both ends (equations 11, 12).
        startArc = UnitAngle(sine: south.sine, cosine: cosine1 * south.cosine).normalized()
        endArc = UnitAngle(sine: north.sine, cosine: cosine2 * north.cosine).normalized()
        let startTurn = UnitAngle(sine: sine0 * south.sine, cosine: cosine1 * south.cosine)
        let endTurn = UnitAngle(sine: sine0 * north.sine, cosine: cosine2 * north.cosine)
        let arc = endArc.minus(startArc).forward.radians
        let turn = endTurn.minus(startTurn).forward

        // λ₁₂ less the longitude wanted (equation 8).
        let parameter = GeodesicSeries.parameter(cosineAtEquator: cosine0)
        let longitude = GeodesicSeries.longitude(parameter)
        let lag = arc + (longitude.periodic(endArc) - longitude.periodic(startArc))
        miss = turn.minus(goal.longitude).radians - Ellipsoid.flattening * sine0 * longitude.scale * lag

        // dλ₁₂/dα₁ from the reduced length m₁₂ (equations 38, 46).
        distanceSeries = GeodesicSeries.distance(parameter)
        if cosine2 == 0 {
            missSlope = -2 * Ellipsoid.axisRatio * south.stretch / south.sine
        } else {
            let other = GeodesicSeries.reducedLength(parameter)
            let first = distanceSeries.scale * (distanceSeries.periodic(endArc) - distanceSeries.periodic(startArc))
            let second = other.scale * (other.periodic(endArc) - other.periodic(startArc))
            let difference = (distanceSeries.scale - other.scale) * arc + first - second  // J(σ₂) − J(σ₁)
            let reducedLength =
                north.stretch * startArc.cosine * endArc.sine - south.stretch * startArc.sine * endArc.cosine
                - startArc.cosine * endArc.cosine * difference
            missSlope = reducedLength * Ellipsoid.axisRatio / (cosine2 * north.cosine)
        }
    }
}
