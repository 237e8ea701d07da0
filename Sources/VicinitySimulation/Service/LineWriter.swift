import VicinityCore

/// Writes lines as gateways do: in several spellings, and sometimes wrongly.
struct LineWriter {
    private let dice: Dice
    private let traits: ServiceTraits

    init(_ traits: ServiceTraits, _ dice: Dice) {
        self.traits = traits
        self.dice = dice
    }

    /// A good line.
    func write(_ line: Line) -> ClientLine {
        var text = line.description
        switch dice.below(8) {
        case 0: text = " " + text.replacing("\":", with: "\" : ") + "  "
        case 1: text = "{\"x\":[1,{\"lat\":7}]," + text.dropFirst()
        case 2: text += "\r"
        default: break
        }
        // An id may hold what the first spelling would change; such a line goes as it is.
        if line.id.contains(UInt8(ascii: "\"")) || line.id.contains(UInt8(ascii: ":")) { text = line.description }
        return ClientLine(Array(text.utf8) + [UInt8(ascii: "\n")], .good(line))
    }

    /// A line that means nothing, or is wrong.
    func garbage() -> ClientLine {
        if traits.hasLongLines, dice.chance(0.2) {
            let text = [UInt8](repeating: UInt8(ascii: "a"), count: 65_537 + dice.below(9_000))
            return ClientLine(text + [UInt8(ascii: "\n")], .bad(.lineTooLong))
        }
        if dice.chance(0.2) { return ClientLine(Array(dice.pick(["\n", "  \t\n", "\r\n"]).utf8), .blank) }
        if dice.chance(0.1) { return ClientLine([0xff, 0xfe, UInt8(ascii: "\n")], .bad(.badUTF8)) }
        let (text, code) = dice.pick(Self.wrong)
        return ClientLine(Array(text.utf8) + [UInt8(ascii: "\n")], .bad(code))
    }

    private static let wrong: [(String, LineErrorCode)] = [
        ("{", .badJSON), ("nonsense", .badJSON), ("[1,2]", .badJSON), ("{\"user\":\"u\",\"user\":\"u\",\"lat\":1,\"lon\":2}", .badJSON),
        ("{\"user\":\"\\ud800\",\"lat\":1,\"lon\":2}", .badUTF8), ("{\"lat\":1,\"lon\":2}", .missingKey),
        ("{\"user\":\"u\",\"lon\":2}", .missingKey),
        ("{\"user\":\"u\",\"subject\":\"s\",\"lat\":1,\"lon\":2}", .badType), ("{\"user\":7,\"lat\":1,\"lon\":2}", .badType),
        ("{\"subject\":\"s\",\"gone\":true}", .badType), ("{\"user\":\"\",\"lat\":1,\"lon\":2}", .badID),
        ("{\"user\":\"u\",\"lat\":90.1,\"lon\":2}", .badLatitude), ("{\"user\":\"u\",\"lat\":1,\"lon\":-180.5}", .badLongitude),
        ("{\"user\":\"u\",\"lat\":1,\"lon\":2,\"acc\":-1}", .badAccuracy),
        ("{\"user\":\"u\",\"lat\":1,\"lon\":2,\"radius\":49.9}", .badRadius),
        ("{\"user\":\"u\",\"lat\":1,\"lon\":2,\"ts\":-1}", .badTimestamp),
        ("{\"user\":\"u\",\"lat\":1,\"lon\":2,\"ts\":1.5}", .badTimestamp),
    ]
}
