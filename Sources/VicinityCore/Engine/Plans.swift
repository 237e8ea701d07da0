// What users' fixes will meet, worked out before their turn.
//
// A fix reads a dozen lines of memory that nobody has read for a second: the entry of the id, the record, the rows of the grid round the halo, the
// subjects in them. To wait for one after the other costs more than all that is done with them. So a group of fixes goes through stages together,
// each of which asks for what the next one reads, and the last of which looks for the subjects near the edges, eight at a time.
//
// Plans decide nothing. What comes out of one is a list of subjects that may have changed sides, in any doubt too many, and how near the
// nearest is to the edge. When its turn has come a fix takes its plan if all that it was made from still holds: the anchor, the radius, the
// subjects round the halo. If not (two fixes of one user in a group, a subject that has just moved there) the fix looks for itself.

import CPrimitives

/// What was worked out of one fix.
struct Plan {
    enum Stage: UInt8 {
        /// Nothing is known but perhaps the user.
        case user
        /// The user stays in the slack.
        case slack
        /// The ring that is to be looked at.
        case ring
        /// What lies in it.
        case scanned
    }

    /// ``Plan/nobody`` if the id is not known.
    var slot = Plan.nobody
    var stage = Stage.user

    // What it was made from.
    var anchor = Coordinate(latitude: 0, longitude: 0)
    var center = Coordinate(latitude: 0, longitude: 0)
    /// Metres.
    var radius = 0.0

    /// The slack in which the user stays.
    var region = SlackRegion()

    // The box that is looked at: rows of the grid, and units of 1e-7 degree on either side of the centre.
    var rows = 0...0
    var tall: Int64 = 0
    var wide: Int64 = 0
    /// Metres: to the outer and the inner end of the ring, and beyond the edge for slack.
    var outer = 0.0
    var inner = 0.0
    var width = 0.0
    /// How far a distance can be wrong, in metres.
    var doubt = 0.0
    var metric = LocalMetric(meridian: 0, meridianSlope: 0, parallel: 0, parallelSlope: 0)
    var old = LocalMetric(meridian: 0, meridianSlope: 0, parallel: 0, parallelSlope: 0)

    /// Of ``Plans/runs``.
    var firstRun = 0
    var runCount = 0
    /// Subjects in them.
    var subjectCount = 0

    /// Of ``Plans/found``: slots of subjects that may have changed sides.
    var firstFound = 0
    var foundCount = 0
    /// Of ``Plans/neighbors``: those who may change next, as far as the ring is wide.
    var firstNeighbor = 0
    var neighborCount = 0
    /// How far a squared distance near the edge can be wrong, in square metres.
    var squaredDoubt = Float.zero

    static var nobody: UInt32 { .max }
}

/// The plans of a group, in storage that is used again and again.
///
/// The pointers are `let` and no array checks its bounds in the loops; sound since the structure is not copyable, its owner is used by one thread,
/// and each index is below a capacity that is seen to before.
struct Plans: ~Copyable {
    /// How many fixes are planned together: what 64 of them ask for is too much for the first-level cache (a tenth slower; 128 another tenth).
    static var groupSize: Int { 32 }
    /// A halo that meets more rows, some 3 km and larger, is looked at by itself.
    fileprivate static var greatestRowCount: Int { 16 }
    /// Subjects in a box; where there are more the fix looks for itself.
    fileprivate static var greatestSubjectCount: Int { 4096 }

    fileprivate let plans = UnsafeMutablePointer<Plan>.allocate(capacity: Plans.groupSize)
    /// Two for each row.
    fileprivate let runs = UnsafeMutablePointer<vicinity_run>.allocate(capacity: Plans.groupSize * Plans.greatestRowCount * 2)
    /// Room for all subjects of all boxes; memory that nobody touches does not exist.
    fileprivate let found = UnsafeMutablePointer<UInt32>.allocate(capacity: Plans.groupSize * Plans.greatestSubjectCount)
    fileprivate let neighbors = UnsafeMutablePointer<vicinity_neighbor>.allocate(capacity: Plans.groupSize * Plans.greatestSubjectCount)
    /// How often users had come or gone when the group was planned.
    fileprivate var userChanges = 0

    init() { plans.initialize(repeating: Plan(), count: Self.groupSize) }

    deinit {
        plans.deallocate()
        runs.deallocate()
        found.deallocate()
        neighbors.deallocate()
    }
}

/// What the engine may do to be fast; what comes out is the same with any of it. All but tests leave everything on.
struct Shortcuts: OptionSet {
    let rawValue: UInt8
    /// Fixes are planned in groups.
    static let plans = Shortcuts(rawValue: 1)
    /// A fix within the slack of the last evaluation is not evaluated.
    static let slack = Shortcuts(rawValue: 2)
    /// The slack holds for who is inside in the margin, too.
    static let cover = Shortcuts(rawValue: 4)
    /// The slack reaches beyond the nearest subjects, and is cut by them.
    static let cuts = Shortcuts(rawValue: 8)
    static let all: Shortcuts = [.plans, .slack, .cover, .cuts]
}

extension Engine {
    // MARK: - Stages

    /// Plans a group of fixes.
    ///
    /// - Parameter range: at most ``Plans/groupSize`` of them.
    mutating func plan(_ fixes: UnsafeBufferPointer<Fix>, _ range: Range<Int>, ids: UnsafePointer<UInt8>) {
        grid.forgetChanges()
        plans.userChanges = userChanges
        findUsers(fixes, range)
        let isAll = shortcuts.contains(.plans) && !isSweeping
        for index in range where fixes[index].kind == .user { outline(fixes[index], plans.plans + (index - range.lowerBound), ids, isAll) }
        guard isAll else { return }
        var runCount = 0
        for index in 0..<range.count where plans.plans[index].stage == .ring { collectRuns(plans.plans + index, &runCount) }
        var (foundCount, neighborCount) = (0, 0)
        for index in 0..<range.count where plans.plans[index].stage == .scanned {
            scan(plans.plans + index, &foundCount, &neighborCount)
        }
    }

    /// Finds the users by the hashes of their ids, and asks for their records.
    private mutating func findUsers(_ fixes: UnsafeBufferPointer<Fix>, _ range: Range<Int>) {
        var isUsersOnly = true
        for index in range {
            if fixes[index].kind == .subject {
                isUsersOnly = false
                subjectIndex.prefetch(fixes[index].hash)
            } else {
                userIndex.prefetch(fixes[index].hash)
            }
        }
        for index in range {
            let plan = plans.plans + (index - range.lowerBound)
            plan.pointee.slot = Plan.nobody
            plan.pointee.stage = .user
            guard fixes[index].kind != .subject else { continue }
            let slot = userIndex.find(fixes[index].hash) { slot in
                prefetchUser(slot)
                return true
            }
            if let slot { plan.pointee.slot = slot }
        }
        if !isUsersOnly { prefetchSubjects(fixes, range) }
    }

    /// Makes sure of the user, and outlines the ring that the fix will ask for, if it is a step of a halo that needs one.
    @inline(__always)
    private mutating func outline(_ fix: Fix, _ plan: UnsafeMutablePointer<Plan>, _ ids: UnsafePointer<UInt8>, _ isAll: Bool) {
        guard plan.pointee.slot != Plan.nobody else { return }
        let user = users[plan.pointee.slot]
        let id = ids + Int(fix.idOffset)
        let words = ShortID.words(id, count: Int(fix.idLength))
        guard user.pointee.id.equals(id, count: Int(fix.idLength), words: words) else {
            plan.pointee.slot = Plan.nobody
            return
        }
        let radius = user.pointee.radius
        guard isAll, user.pointee.isPlain, fix.radius == 0 || fix.radius == radius, user.pointee.hasOwnRadius || radius == rules.radius
        else {
            return
        }
        let center = Coordinate(latitude: fix.latitude, longitude: fix.longitude)
        // A line that is asked for in vain is dear too: its address must be translated first.
        guard !staysInSlack(user, center) else {
            plan.pointee.stage = .slack
            plan.pointee.anchor = user.pointee.anchor
            plan.pointee.center = center
            plan.pointee.region = user.pointee.region
            return
        }
        user.pointee.exceptions.prefetchAll()
        let anchor = user.pointee.anchor
        let disc = Disc(center, radius: radius, margin: rules.leaveMargin, metrics: metrics)
        let old = Disc(anchor, radius: radius, margin: rules.leaveMargin, metrics: metrics)
        guard let bounds = ringBounds(disc, old), bounds.outer < Self.greatestPlannedReach else { return }
        let metric = disc.viewpoint.metric
        let tall = Int64(bounds.outer * 1.001 / metric.meridian) + 2
        let (least, _) = metric.parallelBounds(deltaLatitudeFrom: Double(-tall), to: Double(tall))
        guard least > 0 else { return }
        let wide = Int64(bounds.outer / least) + 1
        let longitude = Int64(center.longitude)
        let half = Coordinate.turn / 2
        // A box across the antimeridian is two.
        guard longitude - wide >= -half, longitude + wide < half else { return }
        let rows = SubjectGrid.rows(from: Int64(center.latitude) - tall, to: Int64(center.latitude) + tall)
        guard rows.count <= Plans.greatestRowCount else { return }
        for row in rows { grid[row: row].pointee.prefetchPlaces(from: longitude - wide, to: longitude + wide) }
        plan.pointee.anchor = anchor
        plan.pointee.center = center
        plan.pointee.radius = radius
        plan.pointee.rows = rows
        plan.pointee.tall = tall
        plan.pointee.wide = wide
        plan.pointee.outer = bounds.outer
        plan.pointee.inner = bounds.inner
        plan.pointee.width = bounds.width
        plan.pointee.doubt = bounds.doubt
        plan.pointee.metric = metric
        plan.pointee.old = old.viewpoint.metric
        plan.pointee.stage = .ring
    }

    /// Metres from the centre that are planned for: single precision has to tell millimetres there.
    private static var greatestPlannedReach: Double { 10_000 }
    /// Subjects of a row in the box from which on it is worth while to cut it by the ring.
    private static var cutFrom: Int { 24 }

    /// Finds the places of the box in each row, and asks for what lies there.
    private mutating func collectRuns(_ plan: UnsafeMutablePointer<Plan>, _ runCount: inout Int) {
        let first = runCount
        var total = 0
        let center = plan.pointee.center
        let (west, east) = (Int64(center.longitude) - plan.pointee.wide, Int64(center.longitude) + plan.pointee.wide)
        for index in plan.pointee.rows {
            let row = grid[row: index]
            guard row.pointee.count > 0 else { continue }
            let places = row.pointee.places(west, east)
            if places.count > Self.cutFrom {
                let ring = RingBounds(
                    outer: plan.pointee.outer, inner: plan.pointee.inner, width: plan.pointee.width, doubt: plan.pointee.doubt)
                guard let cut = ring.cut(SubjectGrid.band(of: index), around: center, plan.pointee.metric) else { continue }
                let longitude = Int64(center.longitude)
                if let narrow = cut.narrow {
                    let western = row.pointee.places(longitude - cut.wide, longitude - narrow)
                    add(western, of: row, &runCount, &total)
                    add(row.pointee.places(longitude + narrow, longitude + cut.wide).after(western), of: row, &runCount, &total)
                } else {
                    add(row.pointee.places(longitude - cut.wide, longitude + cut.wide), of: row, &runCount, &total)
                }
            } else {
                add(places, of: row, &runCount, &total)
            }
        }
        guard total <= Plans.greatestSubjectCount else {
            runCount = first
            plan.pointee.stage = .user
            return
        }
        plan.pointee.firstRun = first
        plan.pointee.runCount = runCount - first
        plan.pointee.subjectCount = total
        plan.pointee.stage = .scanned
        for exception in users[plan.pointee.slot].pointee.exceptions.elements {
            vicinity_prefetch(subjects[exception.subject])
            vicinity_prefetch(UnsafeRawPointer(subjects[exception.subject]) + SubjectRecord.endOfPlace)
        }
    }

    @inline(__always)
    private func add(_ places: Range<Int>, of row: UnsafeMutablePointer<GridRow>, _ runCount: inout Int, _ total: inout Int) {
        guard !places.isEmpty, let latitudes = row.pointee.latitudes, let longitudes = row.pointee.longitudes, let slots = row.pointee.slots
        else { return }
        let start = places.lowerBound
        vicinity_prefetch(latitudes + start)
        vicinity_prefetch(longitudes + start)
        vicinity_prefetch(latitudes + places.upperBound)
        vicinity_prefetch(longitudes + places.upperBound)
        vicinity_prefetch(slots + start)
        vicinity_prefetch(slots + places.upperBound)
        let slotsStart = UnsafeRawPointer(slots + start).assumingMemoryBound(to: UInt32.self)
        plans.runs[runCount] = vicinity_run(
            latitudes: latitudes + start, longitudes: longitudes + start, slots: slotsStart, count: UInt32(places.count))
        runCount += 1
        total += places.count
    }

    /// Looks for the subjects that may have changed sides, and asks for their records.
    private mutating func scan(_ plan: UnsafeMutablePointer<Plan>, _ foundCount: inout Int, _ neighborCount: inout Int) {
        let radius = plan.pointee.radius
        var new = Self.disc(plan.pointee.center, plan.pointee.metric, radius: radius, doubt: plan.pointee.doubt)
        var old = Self.disc(plan.pointee.anchor, plan.pointee.old, radius: radius, doubt: plan.pointee.doubt)
        let found = plans.found + foundCount
        let outer = radius + plan.pointee.width
        let inner = max(0, radius + rules.leaveMargin - plan.pointee.width)
        var ring = vicinity_ring(
            changed: found, changed_count: 0, neighbors: plans.neighbors + neighborCount, neighbor_count: 0, outer: Float(outer * outer),
            inner: Float(inner * inner))
        vicinity_scan_ring(plans.runs + plan.pointee.firstRun, plan.pointee.runCount, &new, &old, &ring)
        plan.pointee.firstFound = foundCount
        plan.pointee.foundCount = ring.changed_count
        plan.pointee.firstNeighbor = neighborCount
        plan.pointee.neighborCount = ring.neighbor_count
        plan.pointee.squaredDoubt = new.doubt
        foundCount += ring.changed_count
        neighborCount += ring.neighbor_count
        guard ring.changed_count > 0 else { return }
        users[plan.pointee.slot].pointee.pairs.prefetchAll()
        for place in 0..<ring.changed_count {
            vicinity_prefetch(subjects[found[place]])
            vicinity_prefetch(UnsafeRawPointer(subjects[found[place]]) + 64)
        }
    }

    /// A disc in single precision. Its rounding is less than 1e-6 of a distance near the edge; twice as much is allowed for.
    private static func disc(_ center: Coordinate, _ metric: LocalMetric, radius: Double, doubt: Double) -> vicinity_disc {
        let doubt = doubt + 2e-6 * radius + 0.001
        return vicinity_disc(
            latitude: center.latitude, longitude: center.longitude, meridian: Float(metric.meridian),
            meridian_slope: Float(metric.meridianSlope), parallel: Float(metric.parallel), parallel_slope: Float(metric.parallelSlope),
            edge: Float(radius * radius), doubt: Float(2 * (radius + doubt) * doubt))
    }

    // MARK: - Taking a plan

    /// The user of a planned fix; asks the index where the plan knows nobody or users have come or gone since.
    @inline(__always)
    func user(of fix: Fix, planned index: Int, id: UnsafePointer<UInt8>) -> UInt32? {
        let slot = plans.plans[index].slot
        if slot != Plan.nobody, plans.userChanges == userChanges { return slot }
        return findUser(id, count: Int(fix.idLength), hash: fix.hash)
    }

    /// Whether the plan has found that the user's step stays in the slack, which is still the same.
    @inline(__always)
    func isPlannedToStay(_ index: Int?, _ user: UnsafeMutablePointer<UserRecord>, _ center: Coordinate) -> Bool {
        guard let index else { return false }
        let plan = plans.plans + index
        return plan.pointee.stage == .slack && plan.pointee.anchor == user.pointee.anchor && plan.pointee.region == user.pointee.region
            && plan.pointee.center == center && isSlackOfAll(user)
    }

    /// The plan of a user's step, if all that it was made from still holds.
    @inline(__always)
    func plan(_ index: Int, of slot: UInt32, to center: Coordinate, radius: Double) -> UnsafePointer<Plan>? {
        let plan = plans.plans + index
        let user = users[slot]
        guard plan.pointee.stage == .scanned, plan.pointee.slot == slot, plan.pointee.anchor == user.pointee.anchor,
            plan.pointee.radius == radius, user.pointee.radius == radius, plan.pointee.center == center, !grid.hasChangedMore
        else { return nil }
        if !grid.changes.isEmpty {
            for place in grid.changes where plan.pointee.concerns(place) { return nil }
        }
        return UnsafePointer(plan)
    }

    /// Adds the subjects of a plan who bound the slack, for a user whose exceptions are as they will be: these are judged by themselves.
    @inline(__always)
    mutating func bound(by plan: UnsafePointer<Plan>, _ user: UnsafeMutablePointer<UserRecord>) {
        let exceptions = user.pointee.exceptions.elements
        let radius = plan.pointee.radius
        // |d − r| = |d² − r²| / (d + r), with a distance that is no less than any that counts.
        let edge = Float(radius * radius)
        let doubt = plan.pointee.squaredDoubt
        let outer = 1 / Float(radius + plan.pointee.outer)
        let inner = 1 / Float(2 * radius)
        let margin = Float(rules.leaveMargin)
        for place in plan.pointee.firstNeighbor..<plan.pointee.firstNeighbor + plan.pointee.neighborCount {
            let neighbor = plans.neighbors[place]
            // As in the scan: who is perhaps outside is outside.
            let isInside = neighbor.squared <= edge - doubt
            let gap = isInside ? (edge - neighbor.squared - doubt) * inner + margin : (neighbor.squared - edge - doubt) * outer
            guard gap < scratch.bounds.greatestGap, !exceptions.contains(where: { $0.subject == neighbor.slot }) else { continue }
            scratch.bounds.insert(gap: gap, east: neighbor.east, north: neighbor.north, isInside: isInside)
        }
    }

    /// Collects the subjects of a plan for which near(A) and near(B) differ.
    mutating func collect(_ plan: UnsafePointer<Plan>, _ disc: Disc, _ old: Disc) {
        for place in plan.pointee.firstFound..<plan.pointee.firstFound + plan.pointee.foundCount {
            let slot = plans.found[place]
            let subject = subjects[slot]
            let (latitude, longitude) = (subject.pointee.latitude, subject.pointee.longitude)
            let squared = disc.squaredDistance(latitude: latitude, longitude: longitude)
            let isNear = disc.isNear(latitude: latitude, longitude: longitude, squared: squared)
            if old.isNear(latitude: latitude, longitude: longitude) == isNear { continue }
            scratch.candidates.append(Candidate(subject: slot, isNear: isNear, squared: squared))
        }
    }
}

extension Plan {
    /// Whether a subject that was or is now at a place could have been found.
    fileprivate func concerns(_ place: Coordinate) -> Bool {
        abs(Int64(place.latitude) - Int64(center.latitude)) <= tall
            && abs(Coordinate.longitudeDifference(from: center.longitude, to: place.longitude)) <= wide
    }
}
