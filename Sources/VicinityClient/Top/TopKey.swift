/// What a key of the terminal means to `vicinityctl top`.
package enum TopKey: Equatable, Sendable {
    case quit
    case help
    case pause
    case gateways
    case subscribers
    case otherTable
    case reverse
    case up
    case down
    case pageUp
    case pageDown
    case first
    case last
    /// Ctrl-Z.
    case suspend
    /// Any other key.
    case other

    package init(_ press: KeyPress) {
        switch press {
        case .byte(let byte): self = Self.key(byte)
        case .sequence(let sequence): self = Self.key(sequence: sequence)
        }
    }

    private static func key(_ byte: UInt8) -> TopKey {
        switch byte {
        // Ctrl-C, and Ctrl-\, which ends programs that do not end otherwise.
        case UInt8(ascii: "q"), UInt8(ascii: "Q"), 0x03, 0x1C: .quit
        case UInt8(ascii: "?"), UInt8(ascii: "h"): .help
        case UInt8(ascii: " "): .pause
        case UInt8(ascii: "g"): .gateways
        case UInt8(ascii: "s"): .subscribers
        case UInt8(ascii: "\t"): .otherTable
        case UInt8(ascii: "r"): .reverse
        case UInt8(ascii: "k"): .up
        case UInt8(ascii: "j"): .down
        case 0x1A: .suspend
        default: .other
        }
    }

    private static func key(sequence: String) -> TopKey {
        switch sequence {
        case "A": .up
        case "B": .down
        case "5~": .pageUp
        case "6~": .pageDown
        case "H", "1~", "7~": .first
        case "F", "4~", "8~": .last
        default: .other
        }
    }
}
