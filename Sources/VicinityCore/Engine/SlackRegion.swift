// Where a user may go before a pair can change: a disc round the anchor, cut by up to three half-planes.
//
// A subject bounds the slack only in its own direction. Seen from the anchor one that is outside stands at s, |s| > r; a step p leaves it outside as long as
//
//     p · u < |s| − r        with u = s / |s|, since |s − p| ≥ |s| − p · u.
//
// One that is inside, and leaves beyond T = r + margin, stays while
//
//     p · (−u) < T − |s| − B² / (2|s|)        for all |p| ≤ B, since |s − p|² = |s|² − 2 p · s + |p|² and (T² − |s|²) / (2|s|) ≥ T − |s|.
//
// So the disc reaches to where the fourth nearest subject would change, and the three nearest are cuts. Somebody who walks past subjects or stands still
// between them is evaluated when one of them changes, and hardly ever for nothing.
//
// A cut's direction is one of 256 and thus wrong by an angle δ. Who is inside loses |p| δ ≤ B δ. Who is outside loses no more than |s| δ² / 2: a step that
// goes aside by q seems shorter by q δ, but also has the subject farther away by about q² / 2r, and q δ − q² / 2r is greatest where q = r δ.
//
// The chart in which this is worked out is that of ``LocalMetric``. Lengths are right in it up to the metric's doubt; directions from the anchor are
// turned by half the convergence of the meridians, |s| tan φ / 2R ≤ |s| / 2P, so cuts are made only where the halo is less than a thousandth of P, the way to
// the earth's axis, and δ has that in it; what remains, the curvature within the triangle, is below a micrometre there.

/// A disc, cut by up to three half-planes, in one word: where a user may go, seen from the anchor.
struct SlackRegion: BitwiseCopyable {
    private var centimetres: UInt16 = 0
    /// Of ``Compass``.
    fileprivate var directions: (UInt8, UInt8, UInt8) = (0, 0, 0)
    /// How far one may go that way; see ``depth(_:)``.
    fileprivate var depths: (UInt8, UInt8, UInt8) = (SlackRegion.noCut, SlackRegion.noCut, SlackRegion.noCut)

    fileprivate static var noCut: UInt8 { 255 }

    /// Nowhere.
    init() {}

    /// A disc.
    init(radius: Float) { self.radius = radius }

    /// That of the disc in metres; 0 for nowhere. Whole centimetres, to 655 m: what is set is rounded down.
    @inline(__always)
    var radius: Float {
        get { Float(centimetres) * 0.01 }
        set { centimetres = newValue > 0 ? UInt16(min(65_535, newValue * 100)) : 0 }
    }

    /// Whether a step stays within.
    ///
    /// - Parameters: metres from the anchor.
    @inline(__always)
    func holds(east: Double, north: Double, _ compass: Compass) -> Bool {
        guard east * east + north * north < Double(radius) * Double(radius) else { return false }
        let step = SIMD2(Float(east), Float(north))
        return compass.length(of: step, along: directions.0) < Self.depth(depths.0)
            && compass.length(of: step, along: directions.1) < Self.depth(depths.1)
            && compass.length(of: step, along: directions.2) < Self.depth(depths.2)
    }

    /// As words: eight bytes without a hole.
    @inline(__always)
    static func == (one: SlackRegion, other: SlackRegion) -> Bool {
        unsafeBitCast(one, to: UInt64.self) == unsafeBitCast(other, to: UInt64.self)
    }

    /// Metres: finer where there is less, to 161 m; farther than any slack where there is no cut.
    @inline(__always)
    private static func depth(_ byte: UInt8) -> Float {
        let root = Float(byte)
        return byte == noCut ? .infinity : root * root / 400
    }

    /// The greatest that is no more than this.
    @inline(__always)
    fileprivate static func byte(_ depth: Float) -> UInt8 { depth > 0 ? UInt8(min(254, (depth * 400).squareRoot())) : 0 }
}

/// 256 directions, evenly spread on the square |x| + |y| = 1, so that no angle needs to be known to find one.
struct Compass {
    private let directions: [SIMD2<Float>]

    /// How far from its true direction one can be, in radians: half of 4/256 in |x| + |y| = 1, where they stand the farthest apart.
    static var error: Float { 0.0157 }

    init() {
        var directions = [SIMD2<Float>](repeating: SIMD2(), count: 256)
        for index in 0..<256 {
            let place = (Float(index) + 0.5) / 64
            let side = place.truncatingRemainder(dividingBy: 1)
            let corner: SIMD2<Float> =
                switch index / 64 {
                case 0: [1 - side, side]
                case 1: [-side, 1 - side]
                case 2: [side - 1, -side]
                default: [side, side - 1]
                }
            directions[index] = corner / (corner * corner).sum().squareRoot()
        }
        self.directions = directions
    }

    @inline(__always)
    func length(of step: SIMD2<Float>, along direction: UInt8) -> Float { (step * directions[Int(direction)]).sum() }

    /// The direction nearest to that of a vector other than zero.
    @inline(__always)
    static func direction(east: Float, north: Float) -> UInt8 {
        let side = 64 * abs(north) / (abs(east) + abs(north))
        let place = east >= 0 ? (north >= 0 ? side : 256 - side) : (north >= 0 ? 128 - side : 128 + side)
        return UInt8(truncatingIfNeeded: Int(place))
    }
}

/// A subject that bounds a user's slack.
private struct SlackBound: BitwiseCopyable {
    /// Metres: how far the user may go at least before the pair changes; infinite for nobody.
    var gap = Float.infinity
    /// Towards where it changes, in metres, of any length.
    var east: Float = 0
    var north: Float = 0
    var isInside = false
}

/// The four subjects that bound a user's slack the most, while they are being found.
struct SlackBounds: BitwiseCopyable {
    // By their gaps; each by itself, so that they stay in registers.
    private var first = SlackBound()
    private var second = SlackBound()
    private var third = SlackBound()
    private var fourth = SlackBound()

    /// What a subject farther from its change than this has no part in.
    @inline(__always)
    var greatestGap: Float { fourth.gap }

    /// - Parameters: metres; of the subject from the anchor. The gap is below ``greatestGap``.
    @inline(__always)
    mutating func insert(gap: Float, east: Float, north: Float, isInside: Bool) {
        let bound = SlackBound(gap: gap, east: isInside ? -east : east, north: isInside ? -north : north, isInside: isInside)
        guard gap < third.gap else {
            fourth = bound
            return
        }
        fourth = third
        guard gap < second.gap else {
            third = bound
            return
        }
        third = second
        guard gap < first.gap else {
            second = bound
            return
        }
        second = first
        first = bound
    }

    /// The region that is left.
    ///
    /// - Parameters:
    ///   - limit: metres, to which everybody is known who could change.
    ///   - threshold: metres: from which on a pair that is inside changes.
    ///   - doubt: how far a distance can be wrong, in metres.
    ///   - canCut: whether directions are of use here.
    @inline(__always)
    func region(limit: Float, threshold: Float, doubt: Float, canCut: Bool) -> SlackRegion {
        guard canCut, first.gap < min(limit, fourth.gap) else { return SlackRegion(radius: min(limit, first.gap) - doubt) }
        let error = Compass.error + Self.turn
        // Of who is outside, whatever the step; a little more for the cosine of the error.
        let bow = 0.51 * (threshold + limit) * error * error
        guard first.gap > 4 * doubt + 2 * bow else { return SlackRegion(radius: first.gap - doubt) }
        // Half of 1/|s|, of any who is inside and bounds the slack.
        let bend = 0.5 / (threshold - limit)
        var slack = min(limit, fourth.gap)
        // A cut keeps a quarter of its gap, whatever a wide disc takes from it. The least gap of those inside counts, and the gaps ascend.
        let inside = first.isInside ? first : second.isInside ? second : third
        if inside.isInside, inside.gap < slack {
            slack = min(slack, (inside.gap * 0.5 / bend).squareRoot(), inside.gap * 0.25 / error)
        }
        slack -= doubt
        let loss = slack * (error + bend * slack)
        var region = SlackRegion(radius: slack)
        if first.gap < slack + doubt {
            region.directions.0 = Compass.direction(east: first.east, north: first.north)
            region.depths.0 = SlackRegion.byte(first.gap - doubt - (first.isInside ? loss : bow))
        }
        if second.gap < slack + doubt {
            region.directions.1 = Compass.direction(east: second.east, north: second.north)
            region.depths.1 = SlackRegion.byte(second.gap - doubt - (second.isInside ? loss : bow))
        }
        if third.gap < slack + doubt {
            region.directions.2 = Compass.direction(east: third.east, north: third.north)
            region.depths.2 = SlackRegion.byte(third.gap - doubt - (third.isInside ? loss : bow))
        }
        return region
    }

    /// How far the chart turns a direction at most, in radians, with as much again for the step's own.
    private static var turn: Float { 0.002 }

    /// Whether directions from a place are what they seem, for a reach in metres.
    @inline(__always)
    static func canCut(_ metric: LocalMetric, reach: Double) -> Bool { reach * 1000 < metric.parallel * LocalMetric.unitsPerRadian }
}
