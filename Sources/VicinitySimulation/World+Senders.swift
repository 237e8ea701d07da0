// What users and moving subjects send.

import VicinityCore

extension World {
    mutating func line() -> Line {
        if random.chance(0.01) {  // nobody put this one
            return Line(.subject, [UInt8]("nobody-\(random.below(3))".utf8), at: random.pick(people).position, time: clock.wall)
        }
        let isMover = !movers.isEmpty && random.chance(scenery.moverLines)
        let index = random.below(isMover ? movers.count : people.count)
        var sender = isMover ? movers[index] : people[index]
        let line = isMover ? moverLine(of: &sender) : userLine(of: &sender)
        if isMover { movers[index] = sender } else { people[index] = sender }
        return line
    }

    private mutating func userLine(of person: inout Sender) -> Line {
        if random.chance(scenery.signOffs) {
            let time = time(of: &person)
            person.isAway = true
            return Line(.gone, person.id, at: person.position, time: time)
        }
        let radius = radius(for: &person)
        let accuracy = accuracy(radius: person.radius)
        let place = move(&person, accuracy)
        return Line(.user, person.id, at: place.position, time: place.time, accuracy: accuracy, radius: radius)
    }

    private mutating func moverLine(of mover: inout Sender) -> Line {
        let accuracy = accuracy(radius: random.pick(people).radius)
        let place = move(&mover, accuracy)
        return Line(.subject, mover.id, at: place.position, time: place.time, accuracy: accuracy)
    }

    /// Draws `ts` and position of a fix.
    private mutating func move(_ sender: inout Sender, _ accuracy: Double?) -> (time: Int64?, position: Coordinate) {
        let before = sender.time
        let time = time(of: &sender)
        let position = destination(of: &sender, after: (time ?? sender.time) - before, accuracy)
        sender.accuracy = accuracy
        return (time, position)
    }
}

// MARK: - Where

extension World {
    /// - Parameter span: milliseconds since the last fix.
    private mutating func destination(of sender: inout Sender, after span: Int64, _ accuracy: Double?) -> Coordinate {
        if rules.maxSpeed > 0, random.chance(sender.strange == nil ? scenery.strays : 0.8) {
            return strayPlace(of: &sender, after: span, accuracy)
        }
        sender.strange = nil
        sender.position = ordinaryPlace(of: sender)
        return sender.position
    }

    private mutating func ordinaryPlace(of sender: Sender) -> Coordinate {
        let roll = random.fraction()
        var bound = scenery.stays
        if roll < bound { return sender.position }
        bound += scenery.jumps
        if roll < bound { return scenery.area.place(using: &random) }
        bound += scenery.edges
        if roll < bound, let edge = edge(for: sender) { return edge }
        bound += scenery.coincides
        if roll < bound, let place = sender.isUser ? anyPlace() : random.pick(people).position { return place }
        return walk(from: sender.position)
    }

    private mutating func walk(from place: Coordinate) -> Coordinate {
        let direction = random.direction()
        let length = random.real(scenery.walk)
        return place.offset(north: direction.north * length, east: direction.east * length)
    }

    /// A place at a threshold: of a user round a subject, of a subject round a user.
    private mutating func edge(for sender: Sender) -> Coordinate? {
        if sender.isUser { return anyPlace()?.atDistance(threshold(of: sender), using: &random) }
        let person = random.pick(people)
        return person.position.atDistance(threshold(of: person), using: &random)
    }

    /// A fix that cannot be, one at the very edge of what can, one that confirms the last stray, or one that returns.
    private mutating func strayPlace(of sender: inout Sender, after span: Int64, _ accuracy: Double?) -> Coordinate {
        let slack = taken(accuracy) + taken(sender.accuracy)
        let reach = rules.maxSpeed * max(Double(max(span, 0)) / 1_000, 1) + slack
        switch (sender.strange, random.below(4)) {
        case (let strange?, 0):  // confirmed
            sender.position = walk(from: strange)
            sender.strange = nil
            return sender.position
        case (let strange?, 1):  // confirmed, or just not
            sender.position = strange.atDistance(min(reach + random.real(-0.02...0.02), 15_000_000), using: &random)
            sender.strange = nil
            return sender.position
        case (.some, 2):  // and back
            sender.position = ordinaryPlace(of: sender)
            sender.strange = nil
            return sender.position
        case (nil, 0):  // just possible, or just not
            let place = sender.position.atDistance(min(reach + random.real(-0.02...0.02), 15_000_000), using: &random)
            sender.strange = place
            return place
        case (.some, _), (nil, _):
            let farther = min(reach * random.real(1...4) + 1, 15_000_000)
            let place = random.chance(0.3) ? scenery.area.place(using: &random) : sender.position.atDistance(farther, using: &random)
            sender.strange = place
            return place
        }
    }

    /// Metres; unknown is taken as the assumed accuracy.
    private func taken(_ accuracy: Double?) -> Double { accuracy.map { $0 == 0 ? rules.assumedAccuracy : $0 } ?? rules.assumedAccuracy }

    /// A distance at which something is decided, give or take 2 cm.
    mutating func threshold(of person: Sender) -> Double {
        let slack = rules.accuracyCap == 0 ? 0 : min(taken(person.accuracy), rules.accuracyCap)
        let thresholds = [person.radius, person.radius, person.radius + rules.leaveMargin, person.radius + rules.leaveMargin + slack]
        return min(max(0.01, random.pick(thresholds) + random.real(-0.02...0.02)), 15_000_000)
    }
}

// MARK: - When

extension World {
    private mutating func time(of sender: inout Sender) -> Int64? {
        defer { mark(sender.time) }
        if random.chance(scenery.aims), let time = aimedTime(after: sender.time) {
            sender.time = time
            return time
        }
        guard random.chance(scenery.oddTimes) else {
            sender.time = ordinaryTime(of: sender)
            return sender.time
        }
        switch random.below(7) {
        case 0: return sender.time  // equal
        case 1: return sender.time - random.whole(1...5_000)  // out of order
        case 2: return max(0, random.whole(0...clock.wall))  // old
        case 3:
            if sender.isReplayed { return clock.wall + rules.maxFuture + 1 }
            sender.time = clock.wall + rules.maxFuture  // just not in the future
            return sender.time
        case 4: return clock.wall + rules.maxFuture + random.whole(1...2)
        default:
            if sender.isReplayed { return random.pick(marks.isEmpty ? [Mark(time: sender.time, steady: 0)] : marks).time }
            sender.time = max(clock.wall, sender.time + 1)
            return nil
        }
    }

    private mutating func ordinaryTime(of sender: Sender) -> Int64 {
        let base: Int64
        if sender.isReplayed {
            past += random.whole(0...600)
            base = past
        } else {
            base = clock.wall
        }
        let time = max(sender.time + 1 + random.whole(0...1_500), base - random.whole(0...4_000))
        return min(time, clock.wall + rules.maxFuture)
    }

    /// A `ts` at which something may be due that began when somebody was heard of, or that was another's; `nil` if it
    /// would be stale or in the future.
    private mutating func aimedTime(after last: Int64) -> Int64? {
        guard !marks.isEmpty else { return nil }
        let mark = random.pick(marks)
        let start = random.chance(0.3) ? last : mark.time
        guard let span = random.chance(0.2) ? 0 : span() else { return nil }
        let time = aimed(start + span)
        return time > last && time <= clock.wall + rules.maxFuture ? time : nil
    }
}

// MARK: - What else

extension World {
    private mutating func accuracy(radius: Double) -> Double? {
        guard random.chance(scenery.accuracies) else { return nil }
        switch random.below(8) {
        case 0: return 0
        case 1, 2: return random.real(0.5...20)
        case 3: return random.real(20...rules.maxAccuracy + 20)
        case 4: return rules.maxAccuracy + random.real(0.001...2_000)
        case 5: return rules.maxAccuracy
        case 6: return radius
        default: return max(0, rules.accuracyCap + random.pick([-1, 0, 1]))
        }
    }

    private mutating func radius(for person: inout Sender) -> Double? {
        let returns = person.isAway
        person.isAway = false
        if random.chance(returns ? 0.5 : 0.05) { return person.radius }
        guard random.chance(scenery.radiusChanges) || (person.radius == rules.radius && random.chance(0.1)) else { return nil }
        person.radius = min(max(random.real(random.pick(scenery.radii)), rules.minRadius), rules.maxRadius)
        return person.radius
    }
}
