// A GeoJSON Feature (RFC 7946) as a subject: the point is its place, `kind`, `name` and the other words of the contract come from
// the properties, and what else the properties hold becomes `details`.

enum Feature {
    /// The subject that a Feature describes, not checked yet.
    static func record(_ feature: JSONValue) throws(BadRecord) -> JSONValue {
        guard feature.members != nil else { throw BadRecord(why: "must be a Feature, is \(feature.kindName)") }
        guard feature["type"]?.string == "Feature" else { throw BadRecord(why: "type must be \"Feature\"") }
        let (longitude, latitude) = try point(feature["geometry"])
        var members: [JSONValue.Member] = []
        var details: [JSONValue.Member] = []
        if let id = try identifier(feature) { members.append(JSONValue.Member("id", id)) }
        members.append(JSONValue.Member("lat", latitude))
        members.append(JSONValue.Member("lon", longitude))
        switch feature["properties"] {
        case nil: break
        case .object(let properties):
            for property in properties where property.value != .null {
                switch property.key {
                case "id":
                    // With an id of its own, the Feature's property of that name is a detail like any other.
                    if feature["id"] != nil, property.value != feature["id"] { details.append(property) }
                case "kind", "name", "precision", "valid_from", "valid_until": members.append(property)
                default: details.append(property)
                }
            }
        case let other?: throw BadRecord(why: "properties must be an object, is \(other.kindName)")
        }
        if !details.isEmpty { members.append(JSONValue.Member("details", .object(details))) }
        return .object(members)
    }

    private static func point(_ geometry: JSONValue?) throws(BadRecord) -> (longitude: JSONValue, latitude: JSONValue) {
        guard let geometry else { throw BadRecord(why: "there is no geometry") }
        let type = geometry["type"]?.string ?? geometry.kindName
        guard type == "Point" else { throw BadRecord(why: "geometry is \(type), must be a Point") }
        guard let coordinates = geometry["coordinates"]?.array, coordinates.count >= 2 else {
            throw BadRecord(why: "coordinates must be [longitude, latitude]")
        }
        return (coordinates[0], coordinates[1])
    }

    /// The Feature's `id`, or that of its properties; a number is taken by its spelling.
    private static func identifier(_ feature: JSONValue) throws(BadRecord) -> JSONValue? {
        switch feature["id"] ?? feature["properties"]?["id"] {
        case nil: nil
        case .string(let text): .string(text)
        case .number(let text): .string(text)
        case let other?: throw BadRecord(why: "id must be a string or a number, is \(other.kindName)")
        }
    }
}
