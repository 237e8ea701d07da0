// Steps 3 and 4 of section 3: which fix is believed. Users and moving subjects are judged alike.

import VicinityCore

extension Model {
    /// Whose fix it is.
    enum Sender {
        case user([UInt8])
        case subject([UInt8])
    }

    private enum Verdict {
        case inaccurate
        case accepted
        /// It and the held one are accepted.
        case confirms(TakenFix)
        case held
    }

    /// Steps 3 to 5, with what the line shows to be due.
    mutating func judge(_ fix: TakenFix, of sender: Sender) {
        let origin = origin(of: fix.time)
        switch verdict(on: fix, after: self[sender]) {
        case .inaccurate:  // 3.
            show(of: sender, upTo: fix.time, origin)
            tally.inaccurate += 1
            self[sender]?.hear(fix.time, at: origin.steady)
        case .accepted:
            show(of: sender, upTo: fix.time, origin)
            dropHeldFix(of: sender)
            accept(fix, of: sender, origin)
        case .confirms(let held):
            show(of: sender, upTo: held.time, origin)
            self[sender]?.held = nil
            accept(held, of: sender, origin)
            show(of: sender, upTo: fix.time, origin)
            accept(fix, of: sender, origin)
        case .held:  // 4.
            show(of: sender, upTo: fix.time, origin)
            dropHeldFix(of: sender)
            self[sender]?.held = fix
            self[sender]?.hear(fix.time, at: origin.steady)
            setLastTime(of: sender, to: fix.time)
        }
    }

    mutating func dropHeldFix(of sender: Sender) {
        guard self[sender]?.held != nil else { return }
        self[sender]?.held = nil
        tally.implausible += 1
    }

    /// - Parameter track: `nil` of a sender without a position.
    private func verdict(on fix: TakenFix, after track: Track?) -> Verdict {
        if fix.accuracy > rules.maxAccuracy { return .inaccurate }
        guard let track, !isSilent(track, at: fix.time) else { return .accepted }
        if isPlausible(fix, from: track.accepted) { return .accepted }
        if let held = track.held, isPlausible(fix, from: held) { return .confirms(held) }
        return .held
    }

    /// Whether a fix's `ts` shows that its sender has been silent: at the instant itself a sender is.
    private func isSilent(_ track: Track, at time: Int64) -> Bool {
        rules.expireAfter > 0 && time >= track.lastHeard + rules.expireAfter
    }

    private func isPlausible(_ fix: TakenFix, from other: TakenFix) -> Bool {
        if rules.maxSpeed == 0 { return true }
        let distance = Geodesic.distance(from: other.position, to: fix.position)
        let seconds = Double(fix.time - other.time) / 1_000
        return max(0, distance - other.accuracy - fix.accuracy) / max(seconds, 1) <= rules.maxSpeed
    }
}

// MARK: - Where users and moving subjects differ

extension Model {
    /// What is known of a sender with a position.
    private subscript(_ sender: Sender) -> Track? {
        get {
            switch sender {
            case .user(let id): users[id]?.track
            case .subject(let id): subjects[id]?.track
            }
        }
        set {
            switch sender {
            case .user(let id): users[id]?.track = newValue
            case .subject(let id): subjects[id]?.track = newValue
            }
        }
    }

    private mutating func show(of sender: Sender, upTo time: Int64, _ origin: Origin) {
        switch sender {
        case .user(let id): show(ofUser: id, upTo: time, origin)
        case .subject(let id): show(ofSubject: id, upTo: time, origin)
        }
    }

    /// Step 5.
    private mutating func accept(_ fix: TakenFix, of sender: Sender, _ origin: Origin) {
        switch sender {
        case .user(let id): accept(fix, ofUser: id, origin)
        case .subject(let id): accept(fix, ofSubject: id, origin)
        }
    }

    private mutating func setLastTime(of sender: Sender, to time: Int64) {
        switch sender {
        case .user(let id): users[id]?.lastTime = time
        case .subject(let id): subjectTimes[id] = SubjectTime(time: time)
        }
    }
}

extension Model.Track {
    /// Of what arrives at one reading of the steady clock; what is older than the last is no news.
    mutating func hear(_ time: Int64, at steady: Int64) {
        guard time > lastHeard else { return }
        lastHeard = time
        heardAt = steady
    }
}
