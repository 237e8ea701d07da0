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
    var params: [UInt8] { Array("{\"subjects\":[".utf8) + body + Array("]}".utf8) }

    /// Which subject `data.at` of a refusal means: the first number in `subjects[3].lat`, or the number itself.
    static func index(_ at: JSONValue) -> Int? {
        if let index = at.integer { return Int(index) }
        guard let text = at.string else { return nil }
        let digits = text.drop { !$0.isASCII || !$0.isNumber }.prefix { $0.isASCII && $0.isNumber }
        return Int(digits)
    }
}
