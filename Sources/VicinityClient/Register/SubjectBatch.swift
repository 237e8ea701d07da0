// As many subjects as one request takes: few enough that the daemon's other work is not held up, enough that the round trips do
// not count.

struct SubjectBatch {
    static let maximumCount = 1_000
    static let maximumSize = 1 << 20

    /// The line of each subject in its file.
    private(set) var lines: [Int] = []
    private var body: [UInt8] = []

    /// A subject that is larger than a whole request gets one for itself.
    func hasRoom(for subject: Subject) -> Bool {
        lines.isEmpty || (lines.count < Self.maximumCount && body.count + subject.json.count < Self.maximumSize)
    }

    mutating func add(_ subject: Subject, line: Int) {
        if !lines.isEmpty { body.append(UInt8(ascii: ",")) }
        body.append(contentsOf: subject.json)
        lines.append(line)
    }

    /// The parameters of `subjects.put`.
    ///
    /// - Parameter generation: of the edition of the register that is meant; `nil` is the register as it is.
    func params(generation: JSONValue? = nil) -> [UInt8] {
        let edition = generation.map { "\"generation\":\($0.text)," } ?? ""
        return Array("{\(edition)\"subjects\":[".utf8) + body + Array("]}".utf8)
    }

    /// The daemon's refusal with the line of the file that it is about, where it says which of the subjects it is.
    func located(_ fault: ClientFault, in input: RereadableInput, _ consequence: String, isFirst: Bool) -> ClientFault {
        guard case .rpc(_, let error) = fault else { return fault }
        guard let index = error.data?["at"].flatMap(Self.index), lines.indices.contains(index) else {
            return isFirst ? fault : .refused("\(fault)\(consequence)")
        }
        let place = "\(RegisterFiles.name(input.path)):\(lines[index])"
        return .refused("\(place): the daemon refused the subject: \(error.message)\(consequence)")
    }

    /// Which subject `data.at` of a refusal means: the first number in `subjects[3].lat`, or the number itself.
    static func index(_ at: JSONValue) -> Int? {
        if let index = at.integer { return Int(index) }
        guard let text = at.string else { return nil }
        let digits = text.drop { !$0.isASCII || !$0.isNumber }.prefix { $0.isASCII && $0.isNumber }
        return Int(digits)
    }
}
