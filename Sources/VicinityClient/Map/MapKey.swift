/// What a key of the terminal means to `vicinityctl map`.
package enum MapKey: Equatable, Sendable {
    case quit
    case help
    case left
    case right
    case up
    case down
    case farLeft
    case farRight
    case farUp
    case farDown
    case zoomIn
    case zoomOut
    case refresh
    case start
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

    private static func key(_ byte: UInt8) -> MapKey {
        switch byte {
        // Ctrl-C, and Ctrl-\, which ends programs that do not end otherwise.
        case UInt8(ascii: "q"), UInt8(ascii: "Q"), 0x03, 0x1C: .quit
        case UInt8(ascii: "?"): .help
        case UInt8(ascii: "h"): .left
        case UInt8(ascii: "j"): .down
        case UInt8(ascii: "k"): .up
        case UInt8(ascii: "l"): .right
        case UInt8(ascii: "H"): .farLeft
        case UInt8(ascii: "J"): .farDown
        case UInt8(ascii: "K"): .farUp
        case UInt8(ascii: "L"): .farRight
        // The same key without Shift on most keyboards.
        case UInt8(ascii: "+"), UInt8(ascii: "="): .zoomIn
        case UInt8(ascii: "-"), UInt8(ascii: "_"): .zoomOut
        case UInt8(ascii: "r"): .refresh
        case UInt8(ascii: "0"): .start
        case 0x1A: .suspend
        default: .other
        }
    }

    private static func key(sequence: String) -> MapKey {
        switch sequence {
        case "A": .up
        case "B": .down
        case "C": .right
        case "D": .left
        case "5~": .farUp
        case "6~": .farDown
        case "H", "1~", "7~": .start
        default: .other
        }
    }
}
