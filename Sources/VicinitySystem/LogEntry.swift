package import Logging

/// One message on its way out: a sentence for people, and for programs what it is about.
struct LogEntry: Equatable {
    /// Something that the sentence speaks of, by a name.
    struct Field: Equatable {
        let key: String
        let value: String
    }

    let level: Logger.Level
    private(set) var message: String
    /// Which kind of message it is, 32 hexadecimal digits that mean the same for ever; `nil` for one that has no name.
    let id: String?
    /// Which of the troubles of its kind it is about; `nil` if each message is to be seen.
    let trouble: String?
    /// Sorted by key.
    private(set) var fields: [Field]

    init(level: Logger.Level, message: String, metadata: Logger.Metadata) {
        self.level = level
        self.message = message
        id = metadata[Logger.Metadata.messageID]?.description
        trouble = metadata[Logger.Metadata.trouble]?.description
        fields = metadata.compactMap { key, value in
            key == Logger.Metadata.messageID || key == Logger.Metadata.trouble ? nil : Field(key: key, value: value.description)
        }
        fields.sort { $0.key < $1.key }
    }

    /// Adds a remark behind the sentence, and what it says as a field.
    mutating func note(_ remark: String, _ field: Field) {
        message += " (\(remark))"
        fields.append(field)
        fields.sort { $0.key < $1.key }
    }
}

extension Logger {
    /// Logs a message that has a name, and whose sentence says all that its fields say.
    ///
    /// - Parameters:
    ///   - id: 32 hexadecimal digits.
    ///   - trouble: which of the troubles of this kind it is about: those of the same name are summed up when they come again and again. With
    ///     `nil` every message is seen.
    package func log(_ level: Level, id: String, trouble: String?, _ sentence: String, fields: [String: String]) {
        var metadata = fields.mapValues { Logger.MetadataValue.string($0) }
        metadata[Metadata.messageID] = .string(id)
        if let trouble { metadata[Metadata.trouble] = .string(trouble) }
        log(level: level, "\(sentence)", metadata: metadata)
    }
}

extension Logger.Metadata {
    /// Not a word that anybody would choose for metadata of their own.
    fileprivate static var messageID: String { "MESSAGE_ID" }
    fileprivate static var trouble: String { "TROUBLE" }
}
