// What ``UserGrid`` looks for when a subject makes a short step: the cells, and the step as each of them sees it.

import CPrimitives

/// A subject's short step, as users see it.
struct GridStep: Equatable {
    let old: Coordinate
    let new: Coordinate
    /// Metres; no less than the step is long.
    let length: Double
    /// Metres beyond the edge that a pair which is inside stays so.
    let margin: Double
}

/// A cell that a search has found.
struct FoundCell {
    var cell: UInt32
    /// Units of longitude.
    var width: Int64
}

/// A search for those whom a short step concerns, in stages, so that each finds in the cache what the one before it asked for.
struct GridSearch {
    var step = GridStep(
        old: Coordinate(latitude: 0, longitude: 0), new: Coordinate(latitude: 0, longitude: 0), length: 0, margin: 0)
    var epoch = 0
    var isNarrow = false
    var cells: [FoundCell] = []
    /// By level; `nil` where all that a cell holds is taken.
    var probes: [GridProbe?] = []
}

/// A short step and the metric by which cells are searched for those it concerns.
struct GridProbe {
    let step: GridStep
    let metric: LocalMetric
    /// How far a distance to a member and its radius can be wrong, both together, in metres.
    let doubt: Double

    init(_ step: GridStep, _ metric: LocalMetric, doubt: Double) {
        self.step = step
        self.metric = metric
        self.doubt = doubt
    }

    /// Whether the edge of a user in a cell can be so near to the new place that the step concerns the user.
    ///
    /// - Parameters:
    ///   - width: of the cell, in units of longitude.
    ///   - radii: the least and the greatest in the cell, in metres.
    ///   - slack: the greatest in the cell, in metres.
    @inline(__always)
    func mayMeet(_ frame: GridFrame, width: Int64, _ radii: (least: Double, greatest: Double), slack: Double) -> Bool {
        let margin = max(slack, step.length) + doubt
        let south = Double(Int64(frame.south) - Int64(step.new.latitude))
        let north = south + Double(Int64(1) << (UserGrid.sharpShift + Int64(frame.level)))
        let west = Double(Coordinate.longitudeDifference(from: step.new.longitude, to: frame.west))
        let east = west + Double(width)
        let (least, greatest) = metric.parallelBounds(deltaLatitudeFrom: south, to: north)
        let nearY = south > 0 ? meters(south) : north < 0 ? meters(north) : 0
        let nearX = max(0, west, -east) * max(0, least)
        let outer = radii.greatest + margin
        guard nearY * nearY + nearX * nearX <= outer * outer else { return false }
        let inner = radii.least - margin
        guard inner > 0 else { return true }
        let farY = max(abs(meters(south)), abs(meters(north)))
        let farX = max(abs(west), abs(east)) * greatest
        return farY * farY + farX * farX >= inner * inner
    }

    /// Metres of latitude.
    @inline(__always)
    private func meters(_ units: Double) -> Double { units * (metric.meridian + metric.meridianSlope * units) }

    /// The step as the cell sees it.
    @inline(__always)
    func step(in frame: GridFrame) -> vicinity_step {
        // A cell that a metric serves is narrow: what is the shorter way round for its corner is so for all of it, or all of it is far away.
        let longitude = Coordinate.longitudeDifference(from: frame.west, to: step.new.longitude)
        let latitude = Int64(step.new.latitude) - Int64(frame.south)
        let radiusUnit = frame.radiusUnit
        return vicinity_step(
            latitude: Float(latitude), longitude: Float(longitude),
            old_latitude: Float(latitude + Int64(step.old.latitude) - Int64(step.new.latitude)),
            old_longitude: Float(longitude + Coordinate.longitudeDifference(from: step.new.longitude, to: step.old.longitude)),
            latitude_unit: Float(1 << Int(frame.latitudeShift)), latitude_middle: GridFrame.middle(frame.latitudeShift),
            longitude_unit: Float(1 << Int(frame.longitudeShift)), longitude_middle: GridFrame.middle(frame.longitudeShift),
            radius_unit: Float(radiusUnit), radius_middle: Float(radiusUnit / 2), meridian: Float(metric.meridian),
            meridian_slope: Float(metric.meridianSlope), parallel: Float(metric.parallel), parallel_slope: Float(metric.parallelSlope),
            length: Float(step.length), doubt: Float(doubt), margin: Float(step.margin))
    }
}
