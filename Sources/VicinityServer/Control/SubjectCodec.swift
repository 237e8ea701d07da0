import VicinityCore
import VicinityStore
import VicinityWire

/// Reads subjects as `subjects.put` brings them, and writes them as `subjects.get` shows them.
enum SubjectCodec {
    /// - Parameter at: the subject's place in the request, for the error.
    static func read(_ element: JSONElement, at place: Int) throws(ControlFailure) -> SubjectRow {
        let at = "subjects[\(place)]"
        guard element.kind == .object else { throw .badValue(at, "must be an object") }
        let id = try name(element[key: "id"], "\(at).id", required: true) ?? []
        // Registers made by other programs write "" where there is none.
        var kind: [UInt8]?
        if let given = element[key: "kind"], given.utf8?.isEmpty != true { kind = try name(given, "\(at).kind", required: false) }
        let latitude = try number(element[key: "lat"], "\(at).lat", -90...90)
        let longitude = try number(element[key: "lon"], "\(at).lon", -180...180)
        var row = SubjectRow(slot: 0, id: id, kind: kind, latitude: latitude, longitude: longitude)
        row.validFrom = try time(element[key: "valid_from"], "\(at).valid_from")
        row.validUntil = try time(element[key: "valid_until"], "\(at).valid_until")
        if let from = row.validFrom, let until = row.validUntil, from >= until {
            throw .badValue("\(at).valid_until", "must be later than valid_from")
        }
        if let precision = element[key: "precision"] {
            guard let meters = precision.double, (0...100_000).contains(meters) else {
                throw .badValue("\(at).precision", "must be metres, 0 to 100000")
            }
            row.precision = meters
        }
        if let name = element[key: "name"] {
            guard let text = name.string else { throw .badValue("\(at).name", "must be a string") }
            row.name = text
        }
        if let details = element[key: "details"] {
            guard details.kind == .object else { throw .badValue("\(at).details", "must be an object") }
            var writer = JSONWriter()
            writer.value(details)
            row.details = String(decoding: writer.bytes, as: UTF8.self)
        }
        return row
    }

    /// Unix milliseconds, in any JSON form of an integer.
    private static func time(_ element: JSONElement?, _ at: String) throws(ControlFailure) -> Int64? {
        guard let element else { return nil }
        guard let time = element.integer, (0...9_007_199_254_740_991).contains(time) else {
            throw .badValue(at, "must be Unix milliseconds, an integer of 0 to 2^53 - 1")
        }
        return time
    }

    private static func name(_ element: JSONElement?, _ at: String, required: Bool) throws(ControlFailure) -> [UInt8]? {
        guard let element else {
            if required { throw .badValue(at, "is missing") }
            return nil
        }
        guard let utf8 = element.utf8, SubscriptionReader.isName(utf8) else {
            throw .badValue(at, "must be a string of 1 to 128 bytes without control characters")
        }
        return [UInt8](utf8)
    }

    private static func number(_ element: JSONElement?, _ at: String, _ range: ClosedRange<Double>) throws(ControlFailure) -> Double {
        guard let element else { throw .badValue(at, "is missing") }
        guard let value = element.double, range.contains(value) else {
            throw .badValue(at, "must be a number within \(Int(range.lowerBound)) and \(Int(range.upperBound))")
        }
        return value
    }

    /// Appends a subject as it was put, and what became of it since, which only `subjects.get` says.
    static func write(_ row: SubjectRow, _ view: SubjectView?, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("id", utf8: row.id)
            if let kind = row.kind { writer.member("kind", utf8: kind) }
            writer.member("lat", row.latitude)
            writer.member("lon", row.longitude)
            if let precision = row.precision { writer.member("precision", precision) }
            if let name = row.name { writer.member("name", name) }
            if let details = row.details {
                writer.key("details")
                writer.raw(details)
            }
            if let from = row.validFrom { writer.member("valid_from", from) }
            if let until = row.validUntil { writer.member("valid_until", until) }
            if let view {
                writer.member("suspended", view.isSuspended)
                writer.member("moving", view.isMoving)
            }
        }
    }
}
