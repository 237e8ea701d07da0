// Precision, read naively from the contract: a subject with a precision is at the centre of its cell, for everybody and everything. Where the
// cells lie is the grid's business, which has tests of its own.

import VicinityCore

extension Model {
    /// A subject of the edition that is to come.
    struct StagedSubject: Sendable {
        let placement: SubjectPlacement
        /// Metres: settled when it was put there.
        let precision: Double
    }

    /// What a put is compared with.
    struct LastPut {
        let position: Coordinate
        let named: Double?
        let precision: Double

        init(_ subject: Subject) {
            position = subject.putPosition
            named = subject.putPrecision
            precision = subject.precision
        }

        init(_ staged: StagedSubject) {
            position = staged.placement.position
            named = staged.placement.precision
            precision = staged.precision
        }
    }

    /// What equals the last put changes nothing, whatever the default is by now.
    ///
    /// - Parameter lasts: the first that the put equals counts.
    func precision(of placement: SubjectPlacement, after lasts: [LastPut?]) -> Double {
        if let named = placement.precision { return named }
        let same = lasts.compactMap(\.self).first { $0.position == placement.position && $0.named == nil }
        return same?.precision ?? rules.precision
    }

    func center(of position: Coordinate, id: [UInt8], precision: Double) -> Coordinate {
        guard precision > 0 else { return position }
        return id.withUnsafeBytes { PrecisionGrid(side: precision, id: $0, key: precisionKey).center(of: position) }
    }

    /// A rotation is one moment: everybody stands at once where the other key has it.
    mutating func rotate(to key: SipHashKey) {
        precisionKey = key
        var moment = Moment(time: clock.wall, origin: Origin(reference: clock.wall, steady: clock.steady))
        for id in subjects.keys {
            guard var subject = subjects[id] else { continue }
            let position = subject.position
            blurAnew(&subject)
            subjects[id] = subject
            if subject.isActive, subject.position != position { evaluateAllUsers(against: subject, because: .subject, in: &moment) }
        }
        close(moment)
    }

    /// Another precision, or another key, for a subject that stays where it is; of where fixes took it no more is known than the centre of then.
    func blurAnew(_ subject: inout Subject) {
        func blurred(_ position: Coordinate) -> Coordinate { center(of: position, id: subject.id, precision: subject.precision) }
        let isMoving = subject.track != nil || subject.isSilent
        let position = blurred(isMoving ? subject.position : subject.putPosition)
        subject.position = position
        if let track = subject.track {
            subject.track?.accepted = track.accepted.moved(to: blurred(track.accepted.position))
            subject.track?.held = track.held.map { $0.moved(to: blurred($0.position)) }
        }
    }
}

extension Model.TakenFix {
    fileprivate func moved(to position: Coordinate) -> Model.TakenFix {
        Model.TakenFix(position: position, accuracy: accuracy, time: time, radius: radius)
    }
}
