// Section 3 of the contract: what becomes of one well-formed line.

import VicinityCore

extension Model {
    /// Takes one line through the errors and the steps of section 3, in their order.
    mutating func take(_ line: Line, number: UInt32) {
        if let code = fault(of: line) {
            errors.append(LineFault(line: number, code: code))
            tally.invalid += 1
            return
        }
        switch line.kind {
        case .user: takeUser(line)
        case .subject: if movesSubjects { takeSubject(line) }
        case .gone: takeSignOff(line)
        }
    }

    /// The first error that applies to a line that is well formed in itself: that its values are in range, radius
    /// included, was seen to where it was decoded.
    private func fault(of line: Line) -> LineErrorCode? {
        if line.kind == .subject, subjects[line.id] == nil { return .unknownSubject }
        if let time = line.time, time > now + rules.maxFuture { return .futureFix }
        return nil
    }

    /// The last `ts` known of a user: of the last accepted fix, or of a sign-off that is not yet forgotten.
    private func lastTime(ofUser id: [UInt8]) -> Int64? {
        if let user = users[id] { return user.lastTime }
        if let signOff = signOffs[id], now < signOff.until { return signOff.time }
        return nil
    }

    /// A line without `ts` is dated max(now, last + 1 ms).
    private func date(_ line: Line, after last: Int64?) -> Int64 {
        line.time ?? max(now, (last ?? -1) + 1)
    }

    /// Absent or 0 is unknown, and taken as the assumed accuracy.
    private func accuracy(of line: Line) -> Double {
        guard let accuracy = line.accuracy, accuracy > 0 else { return rules.assumedAccuracy }
        return accuracy
    }

    private mutating func takeUser(_ line: Line) {
        let last = lastTime(ofUser: line.id)
        let time = date(line, after: last)
        if let last, time <= last {  // 1. stale
            tally.stale += 1
            return
        }
        let accuracy = accuracy(of: line)
        if accuracy > rules.maxAccuracy {  // 3. inaccurate
            tally.inaccurate += 1
            return
        }
        tally.accepted += 1  // 5. accepted
        situations += 1
        let before = users[line.id]
        let ownRadius = line.radius ?? before?.ownRadius
        var user =
            before
            ?? User(
                id: line.id, position: line.position, accuracy: accuracy, ownRadius: ownRadius, radius: 0, lastTime: time)
        user.position = line.position
        user.accuracy = accuracy
        user.ownRadius = ownRadius
        user.radius = ownRadius ?? rules.radius
        user.lastTime = time
        users[line.id] = user
        signOffs[line.id] = nil
        var moment = Moment(time: time)
        evaluateAllSubjects(against: line.id, because: before.map { cause(from: $0, to: user) } ?? .user, in: &moment)
        close(moment)
    }

    /// `radius` if only the user's radius changed, else `user`.
    private func cause(from before: User, to after: User) -> Cause {
        let isUnmoved = before.position == after.position && before.accuracy == after.accuracy
        return isUnmoved && before.radius != after.radius ? .radius : .user
    }

    private mutating func takeSignOff(_ line: Line) {
        let last = lastTime(ofUser: line.id)
        let time = date(line, after: last)
        if let last, time < last {
            tally.stale += 1
            return
        }
        tally.accepted += 1
        var moment = Moment(time: time)
        if let user = users[line.id] {
            situations += 1
            for subject in subjects.values where user.encounters[subject.serial] != nil {
                moment.leave(line.id, subject, because: .gone)
            }
        }
        close(moment)
        users[line.id] = nil
        signOffs[line.id] = SignOff(time: time, until: now + Self.signOffSpan)
    }

    private mutating func takeSubject(_ line: Line) {
        let last = subjectTimes[line.id]
        let time = date(line, after: last)
        if let last, time <= last {
            tally.stale += 1
            return
        }
        if accuracy(of: line) > rules.maxAccuracy {
            tally.inaccurate += 1
            return
        }
        tally.accepted += 1
        situations += 1
        subjectTimes[line.id] = time
        subjects[line.id]?.position = line.position
        var moment = Moment(time: time)
        evaluateAllUsers(against: line.id, because: .subject, in: &moment)
        close(moment)
    }
}
