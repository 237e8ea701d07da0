/// A message in the journal's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL): what `sd_journal_sendv(3)` puts on the wire.
///
/// Everything in it is bounded, so that it is one small datagram and never the file that the protocol has for large ones.
struct JournalDatagram {
    /// No text of ours comes near; a path or a setting that does is cut.
    static let longestText = 16_384
    static let longestValue = 4096
    static let mostFields = 16
    /// The journal refuses longer names.
    static let longestName = 64
    /// Ours, where they could be taken for somebody else's.
    static let prefix = "VICINITY_"

    private(set) var bytes: [UInt8] = []

    /// - Parameter identifier: what `journalctl` shows in front of the message.
    init(_ entry: LogEntry, identifier: String) {
        append("PRIORITY", "\(entry.level.priority)")
        append("SYSLOG_IDENTIFIER", identifier)
        append("MESSAGE", Self.cut(LogLine(entry: entry).text, to: Self.longestText))
        if let id = entry.id { append("MESSAGE_ID", id) }
        for field in entry.fields.prefix(Self.mostFields) {
            append(Self.name(of: field.key), Self.cut(field.value, to: Self.longestValue))
        }
    }

    /// A field's name: capitals, digits and underscores, with our prefix, so that it cannot begin with a digit or with the underscore
    /// that marks what journald itself vouches for.
    static func name(of key: String) -> String {
        let letters = key.utf8.map { byte -> Character in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): Character(UnicodeScalar(byte - 32))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): Character(UnicodeScalar(byte))
            case _: "_"
            }
        }
        return String((prefix + String(letters)).prefix(longestName))
    }

    /// A value with a line break in it goes with its length in front; it could forge fields else.
    private mutating func append(_ name: String, _ value: String) {
        bytes += name.utf8
        if value.utf8.contains(UInt8(ascii: "\n")) {
            bytes.append(UInt8(ascii: "\n"))
            withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { bytes += $0 }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value.utf8
        bytes.append(UInt8(ascii: "\n"))
    }

    /// - Returns: at most `limit` bytes of whole characters.
    private static func cut(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var kept = ""
        var count = 3
        for character in text {
            count += character.utf8.count
            guard count <= limit else { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
