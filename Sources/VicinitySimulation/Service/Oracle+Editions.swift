import VicinityCore
import VicinityPipeline
import VicinityStore

// What an operator does with an edition of the register, as the oracle sees it. Towns are so small that a swap is worked out at once.

extension Oracle {
    func handle(_ work: EditionWork) {
        switch work {
        case .begin:
            answers.append(.edition(model.staged == nil ? .success(0) : .failure(.inUse(generation: nil))))
            guard model.staged == nil else { return }
            // Until the daemon says which, every number is that of an edition before.
            generation = nil
            handle(.edition(.begin))
        case .put(let rows, let generation, _):
            perform(.put(rows.compactMap(\.placement)), generation) { rows.count }
        case .commit(let generation, _): perform(.commit, generation) { self.model.subjectCount }
        case .abort(let generation, _): perform(.abort, generation) { 0 }
        }
    }

    private func perform(_ step: EditionStep, _ generation: Int64, answering count: () -> Int) {
        guard model.staged != nil, generation == self.generation else {
            answers.append(.edition(.failure(.unknownGeneration)))
            return
        }
        handle(.edition(step))
        answers.append(.edition(.success(count())))
    }
}

extension EditionWork {
    /// For whoever watches.
    var name: String {
        switch self {
        case .begin: "begun"
        case .put(let rows, let generation, _): "\(rows.count) subjects for \(generation)"
        case .commit(let generation, _): "\(generation) is swapped in"
        case .abort(let generation, _): "\(generation) is given up"
        }
    }
}
