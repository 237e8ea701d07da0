internal import VicinityCore

/// What is wrong with a line whose JSON is right.
enum FixProblem: Error {
    case missingSender
    case missing(FixKey)
    case twoSenders
    case goneSubject
    /// The key, its place among the object's members, and what it should be.
    case type(FixKey, Int, JSONElement.Kind)
    /// The key, its place among the object's members, and the radii that are in force.
    case range(FixKey, Int, ClosedRange<Double>)

    var code: LineErrorCode {
        switch self {
        case .missingSender, .missing: .missingKey
        case .twoSenders, .goneSubject, .type: .badType
        case .range(let key, _, _):
            switch key {
            case .user, .subject: .badID
            case .latitude: .badLatitude
            case .longitude: .badLongitude
            case .accuracy: .badAccuracy
            case .radius: .badRadius
            case .time: .badTimestamp
            case .gone: .badType
            }
        }
    }

    /// One sentence for the gateway's developer: key, value as it was written, what was expected.
    func message(in line: UnsafeRawBufferPointer) -> String {
        switch self {
        case .missingSender: "neither user nor subject is given, one is required"
        case .missing(let key): "\(key.word) is not given, required unless gone is true"
        case .twoSenders: "user and subject are both given, must be one of them"
        case .goneSubject: "gone is given with subject, is for users only"
        case .type(let key, let place, let kind):
            "\(key.word) is \(FixMessage.value(place, of: line)), must be \(kind.words)"
        case .range(let key, let place, let radii):
            "\(key.word) is \(FixMessage.value(place, of: line)), must be \(FixMessage.expectation(key, radii))"
        }
    }
}

/// The parts of messages about lines.
enum FixMessage {
    /// Characters of a value that a message shows.
    static let longestValue = 40

    static let tooLong = "the line is longer than \(FixReader.longestLine) bytes"

    /// A member's value as it was written, cut after ``longestValue`` characters.
    static func value(_ place: Int, of line: UnsafeRawBufferPointer) -> String {
        guard let written = JSONText.member(place, of: line) else { return "" }
        let text = String(decoding: written.prefix(4 * longestValue + 1), as: UTF8.self)
        let characters = text.unicodeScalars
        return characters.count > longestValue ? String(characters.prefix(longestValue)) + "…" : text
    }

    static func expectation(_ key: FixKey, _ radii: ClosedRange<Double>) -> String {
        switch key {
        case .user, .subject: "1 to 128 bytes without control characters"
        case .latitude: "within -90 and 90"
        case .longitude: "within -180 and 180"
        case .accuracy: "0 or more"
        case .radius: "within \(text(radii.lowerBound)) and \(text(radii.upperBound))"
        case .time: "an integer within 0 and \(JSONElement.largestInteger)"
        case .gone: "true or false"
        }
    }

    private static func text(_ number: Double) -> String {
        var bytes: [UInt8] = []
        bytes.appendNumber(number)
        return String(decoding: bytes, as: UTF8.self)
    }
}
