// What a register file is: told by its name where that says it, else by its first bytes.

package enum RegisterFormat: String, CaseIterable, Sendable {
    case ndjson
    case csv
    /// A FeatureCollection, or Features one a line; which of them, the content says.
    case geojson

    /// By the extension, `.gz` aside; `nil` for `.json` and what we do not know.
    package init?(fileName: String) {
        var name = fileName.lowercased()
        if name.hasSuffix(".gz") { name.removeLast(3) }
        let base = name.split(separator: "/").last ?? ""
        switch base.contains(".") ? base.split(separator: ".").last : nil {
        case "csv": self = .csv
        case "ndjson", "jsonl": self = .ndjson
        case "geojson", "geojsonl", "geojsons": self = .geojson
        default: return nil
        }
    }

    /// By the first bytes of the content, the more the better.
    package init(content: [UInt8]) {
        let shape = JSONShape(content)
        guard shape.isObject else {
            self = .csv
            return
        }
        self =
            shape.keys.contains("features") || shape.keys.contains("geometry") || shape.type?.hasPrefix("Feature") == true
            ? .geojson : .ndjson
    }
}

/// What can be said of a JSON object from its beginning alone.
struct JSONShape {
    private(set) var isObject = false
    /// Keys of the outermost object that were seen.
    private(set) var keys: Set<String> = []
    /// The value of `type`, if it was seen.
    private(set) var type: String?

    /// - Complexity: O(n); nothing is validated.
    init(_ content: [UInt8]) {
        let text = content.drop { [0x20, 0x09, 0x0A, 0x0D, 0x1E, 0xEF, 0xBB, 0xBF].contains($0) }
        guard text.first == UInt8(ascii: "{") else { return }
        isObject = true
        var depth = 0
        var string: [UInt8]?
        var isEscaped = false
        var last = ""
        var key = ""
        for byte in text {
            if string != nil {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    last = String(decoding: string ?? [], as: UTF8.self)
                    if depth == 1, key == "type", type == nil { type = last }
                    string = nil
                    continue
                }
                if depth == 1 { string?.append(byte) }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): string = []
            case UInt8(ascii: ":") where depth == 1:
                key = last
                keys.insert(key)
            case UInt8(ascii: ",") where depth == 1: key = ""
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return }
            default: break
            }
        }
    }
}
