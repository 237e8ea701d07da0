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
}

/// Bytes of a terminal to keys.
///
/// A key that sends a sequence may come in two reads, so that what has begun is kept. Sequences are those of xterm, which all terminals
/// send that one meets; https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h2-PC-Style-Function-Keys
package struct TopKeys: Sendable {
    private var sequence: [UInt8] = []

    package init() {}

    /// The keys that are complete.
    package mutating func take(_ bytes: some Sequence<UInt8>) -> [TopKey] {
        bytes.compactMap { take($0) }
    }

    private mutating func take(_ byte: UInt8) -> TopKey? {
        if byte == 0x1B {
            sequence = [byte]
            return nil
        }
        guard !sequence.isEmpty else { return Self.key(byte) }
        sequence.append(byte)
        switch byte {
        case UInt8(ascii: "["), UInt8(ascii: "O"):
            if sequence.count == 2 { return nil }
        case UInt8(ascii: "0")...UInt8(ascii: "?"):
            // Parameters; nothing that we know has more than a few.
            if sequence.count > 2, sequence.count < 16 { return nil }
        default: break
        }
        defer { sequence = [] }
        return Self.key(sequence: String(decoding: sequence.dropFirst(2), as: UTF8.self))
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
