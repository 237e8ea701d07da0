// New editions of the register, read naively from the contract: what is put with the generation is invisible until the commit swaps the
// whole register at once; what both have stays inside without an event; other puts and removes meanwhile apply to both.

package import VicinityCore

/// What is done with an edition of the register.
package enum EditionStep: Sendable {
    case begin
    /// One request; no id twice.
    case put([SubjectPlacement])
    case commit
    case abort
}

extension Model {
    mutating func perform(_ step: EditionStep) {
        switch step {
        case .begin: staged = [:]
        case .put(let placements): stage(placements)
        case .commit:
            replace(with: staged ?? [:])
            endStaging()
        case .abort: endStaging()
        }
    }

    mutating func endStaging() {
        staged = nil
        stagedTimes = [:]
    }

    /// Puts subjects into the edition that is to come, if there is one.
    mutating func stage(_ placements: [SubjectPlacement]) {
        guard staged != nil else { return }
        for placement in placements {
            // What both editions have has one precision.
            let lasts = [subjects[placement.id].map(LastPut.init), staged?[placement.id].map(LastPut.init)]
            let precision = precision(of: placement, after: lasts)
            staged?[placement.id] = StagedSubject(placement: placement, precision: precision)
            // What is to come is remembered until it does.
            stagedTimes[placement.id] = lastTime(of: placement.id)
        }
    }

    /// Removes subjects from the edition that is to come, if there is one.
    mutating func unstage(_ ids: [[UInt8]]) {
        for id in ids {
            staged?[id] = nil
            stagedTimes[id] = nil
        }
    }

    /// The swap is one moment.
    private mutating func replace(with edition: [[UInt8]: StagedSubject]) {
        var moment = Moment(time: clock.wall, origin: Origin(reference: clock.wall, steady: clock.steady))
        let serials = take(out: subjects.keys.filter { edition[$0] == nil }, in: &moment)
        for subject in edition.values { put(subject.placement, precision: subject.precision, in: &moment) }
        close(moment)
        endWaits(for: serials)
    }
}
