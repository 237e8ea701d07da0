/// The users of a cell: five arrays side by side in one allocation, so that eight users are judged at once.
///
/// A plain value; not freed by itself, the grid calls ``deallocate()`` once. Sound because cells live only in the engine's grid, which one
/// thread owns, and every index below ``count`` is initialised.
struct GridMembers {
    private var storage: UnsafeMutablePointer<UInt32>?
    private(set) var count = 0
    /// A multiple of ``width``.
    private var capacity = 0

    private static var width: Int { 8 }

    init() {}

    /// The pointer to the numbers of one kind: 0 latitudes, 1 longitudes, 2 radii, 3 bounds of the slack.
    private func numbers(_ kind: Int) -> UnsafeMutableRawPointer {
        guard let storage else { preconditionFailure("a cell with members has storage") }
        return UnsafeMutableRawPointer(storage + (kind + 1) * capacity)
    }

    /// - Returns: the place.
    mutating func append(_ slot: UInt32, _ member: GridMember) -> Int {
        if count == capacity { grow() }
        storage?[count] = slot
        count += 1
        set(count - 1, member)
        return count - 1
    }

    func set(_ place: Int, _ member: GridMember) {
        precondition(place < count, "no such member")
        let values = (member.latitude, member.longitude, member.radius, member.slackBound)
        numbers(0).storeBytes(of: values.0, toByteOffset: place * 4, as: Float.self)
        numbers(1).storeBytes(of: values.1, toByteOffset: place * 4, as: Float.self)
        numbers(2).storeBytes(of: values.2, toByteOffset: place * 4, as: Float.self)
        numbers(3).storeBytes(of: values.3, toByteOffset: place * 4, as: Float.self)
    }

    /// Removes a member; the last one takes its place.
    ///
    /// - Returns: the user who took the place, if any.
    mutating func swapRemove(at place: Int) -> UInt32? {
        precondition(place < count, "no such member")
        guard let storage else { return nil }
        count -= 1
        let moved = place < count ? storage[count] : nil
        for kind in 0..<5 { storage[kind * capacity + place] = storage[kind * capacity + count] }
        if count == 0 {
            deallocate()
            self = GridMembers()
        }
        return moved
    }

    /// Gives the storage back when the cell itself is about to vanish.
    func deallocate() { storage?.deallocate() }

    private mutating func grow() {
        let fresh = max(Self.width, (capacity + capacity / 2 + Self.width - 1) / Self.width * Self.width)
        let moved = UnsafeMutablePointer<UInt32>.allocate(capacity: 5 * fresh)
        moved.initialize(repeating: 0, count: 5 * fresh)
        if let storage {
            for kind in 0..<5 { (moved + kind * fresh).update(from: storage + kind * capacity, count: count) }
            storage.deallocate()
        }
        storage = moved
        capacity = fresh
    }

    /// Appends the members whom a subject at `center` may concern, and some others.
    ///
    /// - Parameter metric: of the centre; `nil` where a plane does not serve, and then all are appended.
    func append(to slots: inout [UInt32], near center: Coordinate, _ band: GridBand, _ metric: LocalMetric?) {
        guard count > 0, let storage else { return }
        guard let metric else {
            for place in 0..<count { slots.append(storage[place]) }
            return
        }
        // Five metres for the metric and the rounding of the places to 24 bits.
        let doubt = GridMember.error + 5
        let (meridian, meridianSlope) = (Float(metric.meridian), Float(metric.meridianSlope))
        let (parallel, parallelSlope) = (Float(metric.parallel), Float(metric.parallelSlope))
        let latitude = SIMD8<Float>(repeating: Float(center.latitude))
        // A cell that a metric serves is small, and none spans the antimeridian: what brings one member near brings all.
        let away = numbers(1).loadUnaligned(as: Float.self) - Float(center.longitude)
        let half = Float(Coordinate.turn / 2)
        let shift = away > half ? Float(Coordinate.turn) : away < -half ? -Float(Coordinate.turn) : 0
        let longitude = SIMD8<Float>(repeating: Float(center.longitude) + shift)
        let inner = SIMD8<Float>(repeating: Float(min(band.inner, 1e9) + doubt))
        let outer = SIMD8<Float>(repeating: Float(band.outer + doubt))
        let (latitudes, longitudes, radii, bounds) = (numbers(0), numbers(1), numbers(2), numbers(3))
        var place = 0
        while place < count {
            let offset = place * 4
            let high = latitudes.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self) - latitude
            let y = high * (meridian + meridianSlope * high)
            let wide = longitudes.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self) - longitude
            let x = wide * (parallel + parallelSlope * high)
            let distance = (x * x + y * y).squareRoot()
            let radius = radii.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
            let slack = bounds.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
            // Above 0 outside of the edge.
            let beyond = distance - radius
            let concerned = (beyond .<= outer + slack) .& (-beyond .<= inner + slack)
            if concerned != SIMDMask(repeating: false) {
                for lane in 0..<min(Self.width, count - place) where concerned[lane] { slots.append(storage[place + lane]) }
            }
            place += Self.width
        }
    }
}
