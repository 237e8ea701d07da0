// Looking into the grid: the ring between two discs, and a disc as a whole.

/// How far beyond the edges a ring is scanned for slack.
///
/// A wide scan finds more slack and tests more subjects. The width follows what the scans meet, so that about four subjects are
/// tested for it, be they dense or sparse. It decides what is looked at, never what comes out.
struct SlackWidth {
    /// Metres.
    private(set) var meters = 32.0

    static let greatest = 160.0

    @inline(__always)
    mutating func learn(tested: Int) { meters = tested > 4 ? max(0.5, meters * 0.97) : min(Self.greatest, meters * 1.03) }

    /// Learns from a scan of a whole box: of its subjects so many lie in the ring as it has of the area.
    @inline(__always)
    mutating func learn(_ plan: Plan) {
        let ring = 4 * Double.pi * plan.radius * plan.width
        learn(tested: Int(Double(plan.subjectCount) * ring / (4 * plan.outer * plan.outer)))
    }
}

/// The ring in which a step can change something, and a little more for slack; in metres from its centre.
struct RingBounds {
    /// Where it ends.
    var outer: Double
    /// Where it begins.
    var inner: Double
    /// How far beyond the edge it reaches for slack.
    var width: Double
    /// How far a distance can be wrong.
    var doubt: Double

    /// What of a row of the grid the ring can meet: units of longitude on either side of the centre, up to `wide` and, where there is a hole, from
    /// `narrow`; `nil` for nothing.
    @inline(__always)
    func cut(
        _ band: (south: Int64, north: Int64), around center: Coordinate, _ metric: LocalMetric
    ) -> (wide: Int64, narrow: Int64?)? {
        let south = Double(band.south - Int64(center.latitude))
        let north = Double(band.north - Int64(center.latitude))
        let southMeters = south * (metric.meridian + metric.meridianSlope * south)
        let northMeters = north * (metric.meridian + metric.meridianSlope * north)
        let nearest = south > 0 ? southMeters : (north < 0 ? northMeters : 0)
        let left = outer * outer - nearest * nearest
        if left < 0 { return nil }
        let (least, greatest) = metric.parallelBounds(deltaLatitudeFrom: south, to: north)
        precondition(least > 0, "a row inside the local metric's domain has a length")
        let wide = Int64(left.squareRoot() / least) + 1
        let hole = inner > 0 ? inner * inner - max(southMeters * southMeters, northMeters * northMeters) : -1
        let narrow = hole > 0 ? Int64(hole.squareRoot() / greatest) - 1 : -1
        return (wide, narrow > 0 ? narrow : nil)
    }
}

/// The bounds of a ring in the metric of its centre.
private struct Ring {
    let disc: Disc
    let old: Disc
    let bounds: RingBounds
    /// Squares of the two radii, in square metres; `inner` below 0 is a disc.
    let outer: Double
    let inner: Double
    /// The square of r, and the smallest differences to it so far: of those outside, or perhaps so, and of those near.
    let edge: Double
    /// How far a squared distance near the edge can be wrong.
    var doubt = 0.0
    var outsideGap = Double.infinity
    var insideGap = Double.infinity
    var tested = 0
}

extension Engine {
    /// Beyond this the doubt of the local metric would send too many pairs the slow way, in metres.
    private static var greatestDoubt: Double { 5 }

    /// Collects the subjects for which near(A) and near(B) differ, by scanning the ring between the edges.
    ///
    /// - Returns: the slack around B in metres, 0 for none; `nil` if nothing was collected, because the ring is no smaller than the disc or
    ///   the local metric does not serve here.
    /// - Complexity: O(rows that the ring meets + subjects in it).
    mutating func scanRing(_ disc: Disc, _ old: Disc) -> Double? {
        guard let bounds = ringBounds(disc, old) else { return nil }
        let (outer, inner) = (bounds.outer, bounds.inner)
        var ring = Ring(
            disc: disc, old: old, bounds: bounds, outer: outer * outer, inner: inner * inner, edge: disc.radius * disc.radius)
        ring.doubt = (2 * disc.radius + bounds.doubt) * bounds.doubt
        scanRows(&ring, comparing: true)
        slackWidth.learn(tested: ring.tested)
        // |d − r| = |d² − r²| / (d + r), and beyond the ring it is at least the width.
        let gap = min(bounds.width, ring.outsideGap / (disc.radius + outer), ring.insideGap / (2 * disc.radius) + rules.leaveMargin)
        return max(0, gap - bounds.doubt - 0.02)
    }

    /// The ring that a step from one disc to another asks for; `nil` where it is no smaller than the disc, or the local metric does not serve.
    @inline(__always)
    func ringBounds(_ disc: Disc, _ old: Disc) -> RingBounds? {
        let viewpoint = disc.viewpoint
        let doubt = max(viewpoint.doubt, old.viewpoint.doubt)
        guard doubt < Self.greatestDoubt else { return nil }
        let stepSquared = disc.squaredDistance(latitude: old.viewpoint.center.latitude, longitude: old.viewpoint.center.longitude)
        guard stepSquared < disc.radius * disc.radius else { return nil }
        let step = stepSquared.squareRoot() + doubt
        let width = min(slackWidth.meters, disc.radius / 2)
        let outer = max(old.radius + step, disc.radius + width) + doubt + 0.01
        let inner = min(old.radius - step, disc.radius - max(0, width - rules.leaveMargin)) - doubt - 0.01
        guard outer < viewpoint.range, inner > 0 else { return nil }
        return RingBounds(outer: outer, inner: inner, width: width, doubt: doubt)
    }

    /// Collects the subjects that are near at B.
    ///
    /// - Complexity: O(rows + subjects) of the box around the disc.
    mutating func scanDisc(_ disc: Disc) {
        if grid.count == 0 { return }
        let doubt = disc.viewpoint.doubt
        if doubt < Self.greatestDoubt {
            let outer = disc.radius + doubt + 0.01
            let bounds = RingBounds(outer: outer, inner: -1, width: 0, doubt: doubt)
            var ring = Ring(disc: disc, old: disc, bounds: bounds, outer: outer * outer, inner: -1, edge: 0)
            scanRows(&ring, comparing: false)
            return
        }
        let reach = Reach(of: disc.radius, around: disc.viewpoint.center)
        let ranges = reach.longitudes
        for index in SubjectGrid.rows(from: reach.south, to: reach.north) {
            let row = grid[row: index]
            let first = row.pointee.places(ranges.first.from, ranges.first.to)
            scanWhole(row, first, disc)
            if let second = ranges.second { scanWhole(row, row.pointee.places(second.from, second.to).before(first), disc) }
        }
    }

    /// The rows of a ring around B, each cut to the longitudes that the ring can meet.
    ///
    /// - Parameter comparing: a subject counts if near(A) and near(B) differ; else if near(B).
    @inline(__always)
    private mutating func scanRows(_ ring: inout Ring, comparing: Bool) {
        let center = ring.disc.viewpoint.center
        let metric = ring.disc.viewpoint.metric
        let latitude = Int64(center.latitude)
        let longitude = Int64(center.longitude)
        let half = Coordinate.turn / 2
        // M changes by less than 0.03 % over 300 km.
        let units = Int64(ring.bounds.outer * 1.001 / metric.meridian) + 2
        for index in SubjectGrid.rows(from: latitude - units, to: latitude + units) {
            let row = grid[row: index]
            if row.pointee.count == 0 { continue }
            guard let cut = ring.bounds.cut(SubjectGrid.band(of: index), around: center, metric) else { continue }
            let from = longitude - cut.wide
            let to = longitude + cut.wide
            // A run that begins or ends in the middle of a bucket takes all of it, so that two runs could meet: the second is cut.
            let first: Range<Int>
            let second: Range<Int>
            if from >= -half && to < half {
                if let narrow = cut.narrow {
                    first = row.pointee.places(from, longitude - narrow)
                    second = row.pointee.places(longitude + narrow, to).after(first)
                } else {
                    first = row.pointee.places(from, to)
                    second = 0..<0
                }
            } else {
                let ranges = LongitudeRanges(from: from, to: to)
                first = row.pointee.places(ranges.first.from, ranges.first.to)
                second = ranges.second.map { row.pointee.places($0.from, $0.to).before(first) } ?? 0..<0
            }
            if !first.isEmpty { scan(row, first, &ring, comparing) }
            if !second.isEmpty { scan(row, second, &ring, comparing) }
        }
    }

    /// Tests one run of places against both edges.
    @inline(__always)
    private mutating func scan(_ row: UnsafeMutablePointer<GridRow>, _ places: Range<Int>, _ ring: inout Ring, _ comparing: Bool) {
        guard let latitudes = row.pointee.latitudes else { return }
        let longitudes = latitudes + row.pointee.stride
        let slots = longitudes + row.pointee.stride
        for place in places {
            let latitude = latitudes[place]
            let longitude = longitudes[place]
            let squared = ring.disc.squaredDistance(latitude: latitude, longitude: longitude)
            if squared > ring.outer || squared < ring.inner { continue }
            ring.tested += 1
            if squared > ring.edge - ring.doubt {
                ring.outsideGap = min(ring.outsideGap, squared - ring.edge)
            } else {
                ring.insideGap = min(ring.insideGap, ring.edge - squared)
            }
            let isNear = ring.disc.isNear(latitude: latitude, longitude: longitude, squared: squared)
            if comparing ? ring.old.isNear(latitude: latitude, longitude: longitude) == isNear : !isNear { continue }
            scratch.candidates.append(Candidate(subject: UInt32(bitPattern: slots[place]), isNear: isNear, squared: squared))
        }
    }

    /// Tests the places of a row where no local metric serves: near a pole, or for a radius of hundreds of kilometres.
    private mutating func scanWhole(_ row: UnsafeMutablePointer<GridRow>, _ places: Range<Int>, _ disc: Disc) {
        guard let latitudes = row.pointee.latitudes, let longitudes = row.pointee.longitudes, let slots = row.pointee.slots else { return }
        for place in places {
            let point = Coordinate(latitude: latitudes[place], longitude: longitudes[place])
            guard Edge.isWithin(disc.radius, disc.viewpoint.center, point) else { continue }
            scratch.candidates.append(Candidate(subject: UInt32(bitPattern: slots[place]), isNear: true, squared: 0))
        }
    }
}

extension Range<Int> {
    /// What of this run lies after another.
    func after(_ other: Range<Int>) -> Range<Int> {
        let start = Swift.max(lowerBound, other.upperBound)
        return start < upperBound ? start..<upperBound : 0..<0
    }

    /// What of this run lies before another.
    fileprivate func before(_ other: Range<Int>) -> Range<Int> {
        guard !other.isEmpty else { return self }
        let end = Swift.min(upperBound, other.lowerBound)
        return lowerBound < end ? lowerBound..<end : 0..<0
    }
}
