/// One key of a terminal, as it is sent.
package enum KeyPress: Equatable, Sendable {
    /// A key that sends one byte.
    case byte(UInt8)
    /// A key that sends a sequence: what follows `ESC [` or `ESC O`, such as `A` for the one that goes up.
    case sequence(String)
}

/// Bytes of a terminal to keys.
///
/// A key that sends a sequence may come in two reads, so that what has begun is kept. Sequences are those of xterm, which all terminals
/// send that one meets; https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h2-PC-Style-Function-Keys
package struct KeyPresses: Sendable {
    private var sequence: [UInt8] = []

    package init() {}

    /// The keys that are complete.
    package mutating func take(_ bytes: some Sequence<UInt8>) -> [KeyPress] { bytes.compactMap { take($0) } }

    private mutating func take(_ byte: UInt8) -> KeyPress? {
        if byte == 0x1B {
            sequence = [byte]
            return nil
        }
        guard !sequence.isEmpty else { return .byte(byte) }
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
        return .sequence(String(decoding: sequence.dropFirst(2), as: UTF8.self))
    }
}
