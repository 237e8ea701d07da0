import VicinityCore
import VicinityPipeline
import VicinityStore

// What an operator does with a suspension, as the oracle sees it.

extension Oracle {
    func handle(_ work: SuspensionWork) {
        switch work {
        case .suspend(let id, _, _, _):
            let isKnown = model.subjects[id] != nil
            answers.append(.known(isKnown))
            if isKnown { handle(.suspend(id, .operator)) }
        case .resume(let id, _, _, _):
            answers.append(.known(model.subjects[id] != nil || model.suspensions[id]?.contains(.operator) == true))
            handle(.resume(id, .operator))
        }
    }
}

extension SuspensionSources {
    /// One by one, as they are stored.
    var all: Set<SuspensionRow.Source> {
        Set(SuspensionRow.Source.allCases.filter { contains($0 == .operator ? .operator : .dispute) })
    }
}
