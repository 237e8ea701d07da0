/// `vicinityctl subjects replace`: makes files the whole register, at once, after showing what that changes.
package struct RegisterReplacement {
    /// What a replacement changes.
    struct Difference: Equatable {
        var coming = 0
        var going = 0
        var changing = 0
        var staying = 0

        var text: String {
            "\(counted(coming, "subject")) more, \(grouped(going)) fewer, \(grouped(changing)) changed, \(grouped(staying)) the same"
        }
    }

    /// Subjects in a request: so few that a gateway's lines do not wait long for the commit that they share.
    private static let requestSize = 500
    /// How long the daemon may work a swap out, in milliseconds.
    private static let patience: Int32 = 3_600_000

    private let source: RegisterSource
    private let isMeant: Bool
    private let console: Console

    /// - Parameter isMeant: `false` only shows what would change.
    package init(_ source: RegisterSource, isMeant: Bool, console: Console) {
        self.source = source
        self.isMeant = isMeant
        self.console = console
    }

    /// Checks all files, shows what they change, and swaps the register if that is meant.
    ///
    /// - Complexity: memory for the id and 8 bytes of each subject.
    package func run() throws(ClientFault) {
        var files = try RegisterFiles(source, console: console)
        var prints: [String: Int] = [:]
        try files.check(otherwise: "replaced") { subject in
            guard prints.updateValue(subject.fingerprint, forKey: subject.id) != nil else { return nil }
            return "the id \"\(subject.id)\" is there already, in another file"
        }
        var control = try ControlClient(socketDirectory: source.socketDirectory)
        let difference = try compare(prints, &control)
        console.say(difference.text)
        guard isMeant else {
            console.say("nothing was changed; replace the register with --yes")
            return
        }
        let answer = try control.call("subjects.replace_begin")
        guard let generation = answer["generation"] else { throw .refused("the daemon gave no generation: \(answer.text)") }
        do throws(ClientFault) {
            for input in files.inputs { try stage(input, of: files, generation, to: &control) }
            let result = try control.call(
                "subjects.replace_commit", [JSONValue.Member("generation", generation)], patience: Self.patience)
            console.say("the register has \(counted(Int(result["subjects"]?.integer ?? 0), "subject")) now")
        } catch {
            // Nobody else can; if the daemon does not answer, the edition ends with it.
            _ = try? control.call("subjects.replace_abort", [JSONValue.Member("generation", generation)])
            throw error
        }
    }

    /// Reads the register as it is, a page at a time.
    private func compare(_ prints: [String: Int], _ control: inout ControlClient) throws(ClientFault) -> Difference {
        var difference = Difference()
        var after: JSONValue?
        repeat {
            var params = [JSONValue.Member("limit", .number(1000))]
            if let after { params.append(JSONValue.Member("after", after)) }
            let answer = try control.call("subjects.list", params)
            for entry in answer["subjects"]?.array ?? [] {
                guard let print = prints[entry["id"]?.string ?? ""] else {
                    difference.going += 1
                    continue
                }
                if print == Subject.fingerprint(of: entry) { difference.staying += 1 } else { difference.changing += 1 }
            }
            after = answer["next"]
        } while after != nil
        difference.coming = prints.count - difference.staying - difference.changing
        return difference
    }

    private static func asItWas(_ staged: Int64) -> String { "; the register is as it was" }

    private func stage(
        _ input: RereadableInput, of files: RegisterFiles, _ generation: JSONValue, to control: inout ControlClient
    ) throws(ClientFault) {
        var batch = SubjectBatch()
        var staged: Int64 = 0
        func put(_ control: inout ControlClient) throws(ClientFault) {
            guard !batch.lines.isEmpty else { return }
            do throws(ClientFault) {
                _ = try control.call("subjects.put", encodedParams: batch.params(generation: generation))
            } catch {
                throw batch.located(error, in: input, Self.asItWas(staged), isFirst: false)
            }
            staged += Int64(batch.lines.count)
            batch = SubjectBatch()
        }
        try files.walk(input, doing: "bringing", consequence: Self.asItWas) { subject, line throws(ClientFault) in
            if batch.lines.count == Self.requestSize || !batch.hasRoom(for: subject) { try put(&control) }
            batch.add(subject, line: line)
            return staged
        }
        try put(&control)
    }
}

extension Subject {
    /// The same for records that mean the same, however their numbers are spelled and their details ordered; within this process.
    var fingerprint: Int {
        guard let record = try? JSONValue(parsing: json) else { preconditionFailure("a subject that was encoded is JSON") }
        return Self.fingerprint(of: record)
    }

    static func fingerprint(of record: JSONValue) -> Int {
        var hasher = Hasher()
        for key in keys { record[key].map { $0.hashMeaning(into: &hasher) } ?? hasher.combine(-1) }
        return hasher.finalize()
    }
}

extension JSONValue {
    fileprivate func hashMeaning(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .number: hasher.combine(double)
        case .string(let text): hasher.combine(text)
        case .array(let elements):
            hasher.combine(elements.count)
            for element in elements { element.hashMeaning(into: &hasher) }
        case .object(let members):
            hasher.combine(members.count)
            for member in members.sorted(by: { $0.key < $1.key }) {
                hasher.combine(member.key)
                member.value.hashMeaning(into: &hasher)
            }
        }
    }
}
