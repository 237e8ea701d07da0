// What looks as if it were about a person. A guess, made to be read by somebody who knows better: it errs on the side of asking.

package enum PersonalWords {
    /// Whether a subject's name looks like somebody's, or like a way to reach them.
    package static func isPersonal(name: String) -> Bool {
        if name.contains("@") { return true }
        if name.unicodeScalars.count(where: { ("0"..."9").contains($0) }) >= 7 { return true }
        let words = name.split(separator: " ")
        guard (2...4).contains(words.count), words.allSatisfy(isCapitalised) else { return false }
        return !words.contains { placeWords.contains($0.lowercased()) || placeEndings.contains(where: $0.lowercased().hasSuffix) }
    }

    /// Whether a field of `details` is by its name about a person.
    package static func isPersonal(field: String) -> Bool {
        let word = plain(field)
        return personalFields.contains { word.contains($0) } || shortPersonalFields.contains(word)
    }

    /// Whether a field of `details` is by its name about a place.
    package static func isPlace(field: String) -> Bool {
        let word = plain(field)
        return placeFields.contains { word.contains($0) } || shortPlaceFields.contains(word)
    }

    private static func plain(_ field: String) -> String { field.lowercased().filter { $0.isLetter } }

    private static func isCapitalised(_ word: Substring) -> Bool {
        guard let first = word.first, first.isUppercase else { return false }
        let rest = word.dropFirst()
        // An initial stands for a name.
        if rest == "." { return true }
        return rest.allSatisfy { $0.isLetter || $0 == "-" || $0 == "'" || $0 == "’" || $0 == "." } && rest.contains { $0.isLowercase }
    }

    private static let personalFields = [
        "phone", "mobile", "email", "birth", "gender", "religion", "health", "diagnos", "illness", "medic", "passport", "license",
        "licence", "plate", "photo", "picture", "surname", "firstname", "lastname", "fullname", "owner", "contact", "whatsapp", "telegram",
        "instagram", "salary", "nationality", "ethnic", "orientation", "conviction", "offence", "offense",
    ]
    private static let shortPersonalFields: Set<String> = [
        "name", "tel", "age", "sex", "dob", "ssn", "id", "race", "note", "notes", "mail",
    ]
    private static let placeFields = [
        "address", "street", "latitude", "longitude", "coordinate", "position", "location", "postcode", "zip",
    ]
    private static let shortPlaceFields: Set<String> = [
        "lat", "lon", "lng", "geo", "home", "house", "room", "floor", "flat", "where", "place",
    ]
    private static let placeWords: Set<String> = [
        "street", "road", "avenue", "square", "park", "bridge", "station", "stop", "gate", "market", "school", "church", "hall", "house",
        "hotel", "museum", "library", "hospital", "clinic", "centre", "center", "airport", "port", "tower", "city", "north", "south",
        "east",
        "west", "shelter", "camera", "toll", "tunnel", "lane", "drive", "place", "court", "garden", "gardens", "plaza", "bank", "café",
        "cafe", "restaurant", "bar", "shop", "store", "bus", "tram", "taxi", "car", "van", "and", "of", "at", "the",
    ]
    private static let placeEndings = ["straße", "strasse", "platz", "brücke", "bahnhof", "weg", "allee", "markt"]
}
