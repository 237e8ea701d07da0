/// Ids that are awkward to index and to order: prefixes of one another, of every length from 1 to 128 bytes, in several
/// scripts, equal but for the last byte.
struct IDPool {
    private(set) var ids: [[UInt8]] = []
    private var known: Set<[UInt8]> = []

    /// - Parameter mark: what the plain ids begin with; pools with another mark share all the other ids.
    init(count: Int, mark: String, using random: inout SeededRandom) {
        while ids.count < count {
            let id = Self.draw(place: ids.count, mark: mark, using: &random)
            if known.insert(id).inserted { ids.append(id) }
        }
    }

    private static func draw(place: Int, mark: String, using random: inout SeededRandom) -> [UInt8] {
        switch random.below(6) {
        case 0: return [UInt8](repeating: UInt8(ascii: "a"), count: 1 + random.below(128))
        case 1: return [UInt8]("a\(random.below(40))".utf8)
        case 2: return (0..<1 + random.below(128)).map { _ in UInt8(33 + random.below(94)) }
        case 3: return scripts(using: &random)
        default: return [UInt8]("\(mark)-\(place)".utf8)
        }
    }

    /// One to ten scalars of one to four bytes each, also the highest there is.
    private static func scripts(using random: inout SeededRandom) -> [UInt8] {
        let scalars: [Unicode.Scalar] = ["a", "é", "ß", "П", "界", "\u{FFFD}", "🚌", "\u{10FFFF}", "\u{300}", "z"]
        var text = String.UnicodeScalarView()
        for _ in 0...random.below(10) { text.append(random.pick(scalars)) }
        return [UInt8](String(text).utf8)
    }
}
