// One place of a track, as a fix of a user.

/// A dated place of a recorded track.
package struct TrackPoint: Equatable, Sendable {
    /// 1 to 128 bytes without control characters.
    package let user: String
    /// Degrees, -90 to 90.
    package let latitude: Double
    /// Degrees, -180 to 180.
    package let longitude: Double
    /// Unix milliseconds, 0 to 2^53 - 1.
    package let time: Int64
    /// Metres, ≥ 0; `nil` if the point brings none.
    package let accuracy: Double?
    /// The track's place in its file, from 0.
    package let track: Int

    /// The line that a gateway would send, without a line feed.
    package var line: [UInt8] {
        var members = [
            JSONValue.Member("user", .string(user)), JSONValue.Member("lat", .number("\(latitude)")),
            JSONValue.Member("lon", .number("\(longitude)")), JSONValue.Member("ts", .number(time)),
        ]
        if let accuracy { members.append(JSONValue.Member("acc", .number("\(accuracy)"))) }
        var line: [UInt8] = []
        JSONValue.object(members).encode(into: &line)
        return line
    }
}

/// Makes users' ids of what people call their tracks.
enum TrackName {
    /// Bytes of an id.
    private static let limit = 128

    /// The id that a name becomes: white space and control characters are one space, at neither end; at most 128 bytes, cut between
    /// characters.
    ///
    /// - Returns: `nil` if nothing is left of it.
    static func user(of name: String) -> String? {
        var id = ""
        var size = 0
        var isAfterSpace = false
        for character in name {
            guard !character.isWhitespace, !character.unicodeScalars.contains(where: \.isControl) else {
                isAfterSpace = !id.isEmpty
                continue
            }
            let bytes = character.utf8.count + (isAfterSpace ? 1 : 0)
            guard size + bytes <= limit else { break }
            if isAfterSpace { id.append(" ") }
            isAfterSpace = false
            id.append(character)
            size += bytes
        }
        return id.isEmpty ? nil : id
    }

    /// The id of a track without a name: the file's name without folders, `.gz` and `.gpx`.
    static func user(ofFile path: String) -> String {
        var name = path == "-" ? "stdin" : path.split(separator: "/").last.map(String.init) ?? ""
        for suffix in [".gz", ".gpx"] where name.lowercased().hasSuffix(suffix) { name.removeLast(suffix.count) }
        return user(of: name) ?? "track"
    }
}
