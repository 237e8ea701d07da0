// The register, the clocks and the settings.

import VicinityCore

// MARK: - The register

extension World {
    mutating func choice() -> [Int] {
        var chosen: [Int] = []
        for _ in 0..<1 + random.below(scenery.requestSize) {
            let index = random.below(subjectIDs.count)
            if !chosen.contains(index) { chosen.append(index) }
        }
        return chosen
    }

    mutating func put(_ indices: [Int]) -> Step {
        let requested = indices.map { index in
            let placement = placement(of: index)
            placements[index] = placement
            staged?[index] = placement
            return placement
        }
        return .put(requested)
    }

    private mutating func placement(of index: Int) -> SubjectPlacement {
        if let same = placements[index], random.chance(0.05) { return same }
        let kinds: [[UInt8]?] = [nil, [UInt8]("toll".utf8), [UInt8]("café".utf8)]
        var placement = SubjectPlacement(id: subjectIDs[index], kind: random.pick(kinds), position: place(of: index))
        (placement.validFrom, placement.validUntil) = validity(of: index)
        placement.precision = precision(of: index)
        return placement
    }

    private mutating func place(of index: Int) -> Coordinate {
        if let same = placements[index], random.chance(index < movers.count ? 0.5 : 0.15) { return same.position }
        if random.chance(scenery.subjectEdges) {
            let person = random.pick(people)
            return person.position.atDistance(threshold(of: person), using: &random)
        }
        if random.chance(scenery.coincides) { return random.pick(people).position }
        if random.chance(scenery.coincides), let other = anyPlace() { return other }
        return scenery.area.place(using: &random)
    }

    private mutating func precision(of index: Int) -> Double? {
        guard scenery.precisions > 0 else { return nil }
        if let old = placements[index], random.chance(0.6) { return old.precision }
        return random.chance(scenery.precisions) ? random.pick(Self.precisions) : nil
    }

    private mutating func validity(of index: Int) -> (from: Int64?, until: Int64?) {
        if let old = placements[index], random.chance(0.4) { return (old.validFrom, old.validUntil) }
        guard random.chance(scenery.validities) else { return (nil, nil) }
        let from = random.chance(0.3) ? nil : boundary()
        let until = random.chance(0.3) ? nil : boundary()
        if let from, let until, until <= from { return (from, from + random.whole(1...20_000)) }
        boundaries = (boundaries + [from, until].compactMap(\.self)).suffix(12)
        return (from, until)
    }

    /// Around now, now, at another's, or at what somebody's timer shows.
    private mutating func boundary() -> Int64 {
        switch random.below(6) {
        case 0: return clock.wall + random.pick([-1, 0, 1])
        case 1: return clock.wall - random.whole(1...20_000)
        case 2: return random.pick(boundaries + [clock.wall])
        case 3: return aimed(clock.wall + (span() ?? 0))
        default: return clock.wall + random.whole(1...20_000)
        }
    }

    /// Where a subject is: a moving one where its fixes may have taken it.
    mutating func anyPlace() -> Coordinate? {
        let index = random.below(subjectIDs.count)
        guard let placement = placements[index] else { return nil }
        let position = index < movers.count ? movers[index].position : placement.position
        let precision = placement.precision ?? rules.precision
        guard precision > 0 else { return position }
        return placement.id.withUnsafeBytes { PrecisionGrid(side: precision, id: $0, key: precisionKey).center(of: position) }
    }

    mutating func remove(_ indices: [Int]) -> Step {
        for index in indices {
            placements[index] = nil
            staged?[index] = nil
        }
        var ids = indices.map { subjectIDs[$0] }
        if random.chance(0.1) { ids.append([UInt8]("never-put".utf8)) }
        return .remove(ids)
    }
}

// MARK: - Editions of the register

extension World {
    /// The next request for the edition that is staged, or the one that begins it.
    mutating func edition() -> Step {
        guard let staged else {
            self.staged = [:]
            return .edition(.begin)
        }
        switch random.below(6) {
        case 0:
            self.staged = nil
            return .edition(.abort)
        case 1, 2:
            placements = staged
            self.staged = nil
            return .edition(.commit)
        default:
            let requested = (choice() + choice()).reduce(into: [Int: SubjectPlacement]()) { requested, index in
                // Most subjects of a register stay what they were.
                let same = random.chance(0.6) ? placements[index] : nil
                requested[index] = same ?? placement(of: index)
            }
            self.staged?.merge(requested) { _, new in new }
            return .edition(.put(requested.sorted { $0.key < $1.key }.map(\.value)))
        }
    }
}

// MARK: - Suspensions

extension World {
    /// Mostly of a subject that the register has; now and then once more what is already so.
    mutating func suspension() -> Step {
        let index = random.below(subjectIDs.count)
        let sources: SuspensionSources = random.pick([.operator, .operator, .dispute, [.operator, .dispute]])
        let isSuspended = suspensions[index] != nil
        if isSuspended == random.chance(0.8) {
            suspensions[index]?.subtract(sources)
            if suspensions[index]?.isEmpty == true { suspensions[index] = nil }
            return .resume(subjectIDs[index], sources)
        }
        suspensions[index, default: []].formUnion(sources)
        return .suspend(subjectIDs[index], sources)
    }
}

// MARK: - The clocks

extension World {
    /// Seconds, or now and then hours: how long beyond their span sign-offs and removed subjects are remembered is left open by the
    /// contract, so no world comes to lie in between.
    mutating func advance() -> Step {
        if sinceLeap > 50 * 60_000 || random.chance(0.05) {
            let step = random.chance(0.5)
            return step ? go(leap()) : jump(leap())
        }
        switch random.below(hasTimeRules ? 8 : 4) {
        case 0: return go(random.pick([0, 1]))
        case 1, 2: return go(random.whole(1...30_000))
        case 3: return jump(random.pick([-1, 1]) * random.whole(1...20_000))
        case 4:
            guard !boundaries.isEmpty else { return go(1) }
            let way = aimed(random.pick(boundaries)) - clock.wall
            return way >= 0 && random.chance(0.7) ? go(bounded(way)) : jump(bounded(way))
        default:
            guard !marks.isEmpty, let span = span() else { return go(random.whole(1...3_000)) }
            let way = aimed(random.pick(marks).steady + span) - clock.steady
            return go(way < 0 ? random.whole(1...3_000) : bounded(way))
        }
    }

    private func leap() -> Int64 { 2 * 3_600_000 + longestMemory }

    /// A way that is too long for what no world may lie in between is cut to a second.
    private func bounded(_ way: Int64) -> Int64 {
        if abs(way) <= 20 * 60_000 { return way }
        return way < 0 ? -1_000 : 1_000
    }

    private mutating func go(_ span: Int64) -> Step {
        count(span)
        clock = ClockReading(wall: clock.wall + span, steady: clock.steady + span)
        return .clock(span)
    }

    private mutating func jump(_ span: Int64) -> Step {
        count(span)
        clock.wall += span
        return .jump(span)
    }

    private mutating func count(_ span: Int64) { sinceLeap = span >= leap() ? 0 : sinceLeap + abs(span) }
}

// MARK: - The settings

extension World {
    mutating func reload() -> Step {
        if scenery.precisions > 0, random.chance(0.3) {
            rules.precision = random.pick(Self.precisions)
        } else {
            rules = Self.vary(rules, rhythm: rhythm, hasTimeRules: hasTimeRules, using: &random)
        }
        keepInMind(rules)
        return .rules(rules)
    }

    static func draw(for scene: Scene, hasTimeRules: Bool, using random: inout SeededRandom) -> Rules {
        var rules = Rules()
        rules.leaveMargin = random.pick([50, 50, 0, 0.01, 20])
        rules.accuracyCap = random.pick([100, 100, 0, 10])
        if scene == .far { rules.maxRadius = 1_000_000 }
        if scene == .suspensions { rules.detailsGrace = random.pick([0, 5_000, 30_000, 300_000]) }
        rules.disclosure = random.pick([rules.disclosure, rules.disclosure, .exact, .nothing, .bands([])])
        if scene.isOfTime {
            let rhythm = scene.rhythm
            rules.enterDwell = random.pick(rhythm.dwells)
            rules.leaveDwell = random.pick(rhythm.dwells)
            rules.cooldown = random.pick(rhythm.cooldowns)
            rules.maxSpeed = random.pick(rhythm.speeds)
            rules.expireAfter = random.pick(rhythm.silences)
            rules.forgetAfter = random.pick(rhythm.memories)
            rules.radiusInterval = random.pick(rhythm.intervals)
            if rhythm.hasLimits {
                rules.subjectsPerUser = random.pick(rhythm.budgets)
                rules.follow = random.pick(rhythm.guards)
            }
        } else if !hasTimeRules {
            rules.maxSpeed = 0
            rules.expireAfter = 0
            rules.radiusInterval = 0
        }
        return rules
    }

    private static func vary(_ old: Rules, rhythm: Rhythm, hasTimeRules: Bool, using random: inout SeededRandom) -> Rules {
        var rules = old
        if rhythm.hasLimits, random.chance(0.6) {
            rules.subjectsPerUser = random.pick(rhythm.budgets)
            rules.follow = random.pick(rhythm.guards)
            return rules
        }
        switch random.below(hasTimeRules ? 14 : 7) {
        case 0: rules.leaveMargin = random.pick([0, 50, 200, 5_000, 30_000_000])
        case 1: rules.accuracyCap = random.pick([0, 10, 100, 500, 1_000_000])
        case 2: rules.radius = random.pick([50, 300, 500, 700])
        case 3: rules.disclosure = random.pick([.exact, .nothing, .bands([100, 250, 500]), .bands([77.7])])
        case 4: rules.maxAccuracy = random.pick([30, 40, 200, 1_000, 100_000])
        case 5: rules.assumedAccuracy = random.pick([0, 10, 30])
        case 6: rules.maxFuture = random.pick([0, 10_000, 3_600_000])
        case 7: rules.enterDwell = random.pick(Rhythm.any.dwells)
        case 8: rules.leaveDwell = random.pick(Rhythm.any.dwells)
        case 9: rules.cooldown = random.pick(Rhythm.any.cooldowns)
        case 10: rules.maxSpeed = random.pick(Rhythm.any.speeds)
        case 11: rules.expireAfter = random.pick(Rhythm.any.silences)
        case 12: rules.forgetAfter = random.pick(Rhythm.any.memories)
        default: rules.radiusInterval = random.pick(Rhythm.any.intervals)
        }
        return rules
    }
}
