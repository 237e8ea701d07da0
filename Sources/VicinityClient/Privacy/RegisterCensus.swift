// The register as a privacy check sees it: counted in one pass, with an example of each, and nothing kept of the rest.

/// What there is in a register that may give somebody away.
package struct RegisterCensus: Sendable {
    /// Subjects of one sort.
    package struct Sort: Equatable, Sendable {
        package private(set) var count: Int64 = 0
        /// The id of the first.
        package private(set) var example: String?

        mutating func add(_ id: String) {
            count += 1
            if example == nil { example = id }
        }
    }

    package private(set) var subjects: Int64 = 0
    /// Shown exactly where they are.
    package private(set) var exact = Sort()
    /// Shown in cells of less than ``smallCell``.
    package private(set) var small = Sort()
    /// Metres, of the smallest cell that is none of a point; `nil` if there is none.
    package private(set) var smallest: Double?
    /// With a name that looks like somebody's.
    package private(set) var named = Sort()
    /// That their own fixes move; counted only where a daemon was asked.
    package private(set) var moving = Sort()
    /// Names of the fields of their details, and how many have each.
    package private(set) var fields: [String: Int64] = [:]

    /// Metres: below it a cell holds but a few doors.
    package static let smallCell = 100.0
    /// Different fields that are counted; a register that has more has its ids there.
    private static let mostFields = 10_000

    /// Metres, for subjects that bring none.
    private let defaultPrecision: Double

    package init(defaultPrecision: Double) { self.defaultPrecision = defaultPrecision }

    /// Counts a subject, as it was put.
    package mutating func add(_ subject: JSONValue) {
        let id = subject["id"]?.string ?? "?"
        subjects += 1
        let precision = subject["precision"]?.double ?? defaultPrecision
        if precision <= 0 {
            exact.add(id)
        } else {
            smallest = min(smallest ?? precision, precision)
            if precision < Self.smallCell { small.add(id) }
        }
        if let name = subject["name"]?.string, PersonalWords.isPersonal(name: name) { named.add(id) }
        for member in subject["details"]?.members ?? [] where fields[member.key] != nil || fields.count < Self.mostFields {
            fields[member.key, default: 0] += 1
        }
    }

    /// Counts a subject that moves.
    package mutating func addMoving(_ id: String) { moving.add(id) }
}
