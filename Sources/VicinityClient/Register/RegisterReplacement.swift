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
    private let interrupts: Signals?

    /// - Parameters:
    ///   - isMeant: `false` only shows what would change.
    ///   - interrupts: end the run when one comes before the swap is asked for.
    package init(_ source: RegisterSource, isMeant: Bool, console: Console, interrupts: Signals?) {
        self.source = source
        self.isMeant = isMeant
        self.console = console
        self.interrupts = interrupts
    }

    /// Checks all files, shows what they change, and swaps the register if that is meant.
    ///
    /// - Throws: on an interrupt too; the register is then as it was, and so says the fault.
    /// - Complexity: memory for the id and 8 bytes of each subject.
    package func run() throws(ClientFault) {
        var files = try RegisterFiles(source, toBe: "replaced", console: console, interrupts: interrupts)
        var prints: [String: Int] = [:]
        try files.check { subject in
            guard prints.updateValue(subject.fingerprint, forKey: subject.id) != nil else { return nil }
            return "the id \"\(subject.id)\" is there already, in another file"
        }
        var control = try ControlClient(socketDirectory: source.socketDirectory, interrupts: interrupts)
        let difference = try unchanged { () throws(ClientFault) in try compare(prints, &control) }
        console.say(difference.text)
        guard isMeant else {
            console.say("nothing was changed; replace the register with --yes")
            return
        }
        let answer = try unchanged { () throws(ClientFault) in try control.call("subjects.replace_begin", farewell: .brief) }
        guard let generation = answer["generation"] else { throw .refused("the daemon gave no generation: \(answer.text)") }
        do throws(ClientFault) {
            for input in files.inputs { try stage(input, of: files, generation, to: &control) }
            try stopIfInterrupted()
        } catch {
            throw abort(generation, &control, because: error)
        }
        try commit(generation, &control)
    }

    private func stopIfInterrupted() throws(ClientFault) {
        if interrupts?.mustEnd() == true { throw .interrupted("interrupted") }
    }

    /// Says of an interrupt what it means for the register, as long as the swap has not been asked for.
    private func unchanged<Value>(_ body: () throws(ClientFault) -> Value) throws(ClientFault) -> Value {
        do throws(ClientFault) {
            return try body()
        } catch {
            guard case .interrupted(let why) = error else { throw error }
            throw .interrupted(why + Self.asItWas(0))
        }
    }

    /// Has the daemon forget what was brought: nobody else can. If it does not answer, the edition ends with it.
    ///
    /// - Returns: what to say of it all.
    private func abort(_ generation: JSONValue, _ control: inout ControlClient, because fault: ClientFault) -> ClientFault {
        var isForgotten = true
        do throws(ClientFault) {
            _ = try control.call("subjects.replace_abort", [JSONValue.Member("generation", generation)], farewell: .brief)
        } catch {
            isForgotten = false
        }
        guard case .interrupted(let why) = fault else { return fault }
        let rest = ", but the daemon has not confirmed that it forgot what was brought: it may refuse another replace until it is restarted"
        return .interrupted("\(why)\(Self.asItWas(0))\(isForgotten ? "" : rest)")
    }

    /// Swaps the register. From here on a signal is too late, and the outcome is waited for.
    private func commit(_ generation: JSONValue, _ control: inout ControlClient) throws(ClientFault) {
        let tooLate = ControlClient.Farewell(
            patience: Self.patience,
            note: "too late: the daemon is swapping the register already; waiting for it (once more: wait no longer, and it goes on)")
        let result: JSONValue
        do throws(ClientFault) {
            result = try control.call(
                "subjects.replace_commit", [JSONValue.Member("generation", generation)], patience: Self.patience, farewell: tooLate)
        } catch {
            let unknown = "; nobody knows whether the register was replaced: without --yes this command shows it"
            switch error {
            case .lost(let socket, let why): throw .lost(socket: socket, why: why + unknown)
            case .interrupted(let why): throw .interrupted(why + unknown)
            default: throw abort(generation, &control, because: error)
            }
        }
        console.say("the register has \(counted(Int(result["subjects"]?.integer ?? 0), "subject")) now")
    }

    /// Reads the register as it is, a page at a time.
    private func compare(_ prints: [String: Int], _ control: inout ControlClient) throws(ClientFault) -> Difference {
        var difference = Difference()
        var pages = Pages("subjects.list", of: "subjects", label: "comparing", on: console)
        defer { pages.end() }
        while let subjects = try pages.next(&control) {
            for entry in subjects {
                guard let print = prints[entry["id"]?.string ?? ""] else {
                    difference.going += 1
                    continue
                }
                if print == Subject.fingerprint(of: entry) { difference.staying += 1 } else { difference.changing += 1 }
            }
        }
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
            try stopIfInterrupted()
            do throws(ClientFault) {
                _ = try control.call("subjects.put", encodedParams: batch.params(generation: generation), farewell: .brief)
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
