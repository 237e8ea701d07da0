import VicinityPipeline
import VicinityWire

// `subjects.replace_*`: a new edition of the register.

extension ControlService {
    func beginEdition(_ finish: @escaping Finish) {
        submit(.edition(.begin(editionReply(finish) { $0.member("generation", $1) })), finish)
    }

    func commitEdition(_ params: JSONElement?, _ finish: @escaping Finish) throws(ControlFailure) {
        let generation = try generation(params)
        submit(.edition(.commit(generation: generation, editionReply(finish) { $0.member("subjects", $1) })), finish)
    }

    func abortEdition(_ params: JSONElement?, _ finish: @escaping Finish) throws(ControlFailure) {
        let generation = try generation(params)
        submit(.edition(.abort(generation: generation, editionReply(finish) { (_, _: Void) in })), finish)
    }

    func generation(_ params: JSONElement?) throws(ControlFailure) -> Int64 {
        guard let element = params?[key: "generation"] else { throw .badValue("generation", "is missing") }
        guard let generation = element.integer else { throw .badValue("generation", "must be an integer, as replace_begin gave it") }
        return generation
    }

    /// Answers with what `members` writes of the value, or with why there is none.
    func editionReply<Value: Sendable>(
        _ finish: @escaping Finish, _ members: @escaping @Sendable (inout JSONWriter, Value) -> Void
    ) -> Reply<Result<Value, EditionRefusal>> {
        Reply { outcome in
            switch outcome {
            case .success(let value): finish(.success(Self.object { members(&$0, value) }))
            case .failure(.inUse(let generation?)):
                let other = "another edition of the register, generation \(generation), is being brought; wait for it, or abort it"
                finish(.failure(.refused("in_use", other)))
            case .failure(.inUse(nil)):
                finish(.failure(.refused("in_use", "an edition of the register is being swapped in or given up; try again soon")))
            case .failure(.unknownGeneration):
                finish(.failure(.refused("unknown_generation", "this generation is not the one that is being brought")))
            }
        }
    }
}
