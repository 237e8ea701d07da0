/// A piece of YAML with the line on which it stands: all that the rest of this folder sees of YAML.
struct SourceNode {
    /// Counted from 1.
    var line: Int
    var content: Content

    indirect enum Content {
        /// Nothing, `~` or `null`.
        case empty
        case scalar(String, isQuoted: Bool)
        case list([SourceNode])
        /// In the order of the text; a name may come twice.
        case map([Entry])
    }

    struct Entry {
        var name: String
        /// Of the name.
        var line: Int
        var value: SourceNode
    }

    /// What an error calls this value.
    var shown: String {
        switch content {
        case .empty: "empty"
        case .scalar(let text, isQuoted: true): "the text \(Self.shortened(ConfigurationValue.quoted(text)))"
        case .scalar(let text, isQuoted: false): Self.printable(text)
        case .list: "a list"
        case .map: "a map"
        }
    }

    /// Text from the operator's file as it may stand in an error: on one line, and not endless.
    static func printable(_ text: String) -> String {
        shortened(String(ConfigurationValue.quoted(text).dropFirst().dropLast()))
    }

    private static func shortened(_ text: String) -> String {
        text.count <= 80 ? text : text.prefix(77) + "..."
    }
}

/// A mistake found in a ``SourceNode``; the layer that knows the file or the variable makes a ``ConfigurationError`` of it.
struct SourceMistake: Error, Equatable {
    var line: Int
    var path: String
    var why: String
}
