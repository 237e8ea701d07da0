/// Makes lines of a gateway: good ones, odd ones and broken ones.
struct LineGenerator {
    private var chance: Chance

    init(seed: UInt64) { chance = Chance(seed: seed) }

    /// One line without its end.
    mutating func line() -> [UInt8] {
        if chance.oneIn(40) { return Array(chance.pick(["", " ", "\t \r", "null", "[]", "{}", "{", "}", "\"", "{\"user\"", "nul"]).utf8) }
        var members = [self.sender()]
        if !chance.oneIn(12) { members.append(member("lat", degrees(90))) }
        if !chance.oneIn(12) { members.append(member("lon", degrees(180))) }
        if !chance.oneIn(5) { members.append(member("ts", time())) }
        if chance.oneIn(2) { members.append(member("acc", metres())) }
        if chance.oneIn(4) { members.append(member("radius", metres())) }
        if chance.oneIn(8) { members.append(member("gone", chance.pick(["true", "true", "false", "null", "1", "\"true\""]))) }
        if chance.oneIn(8) { members.append(member(chance.pick(["x", "use", "userr", "la\\u0074", "", "lonn", "details"]), nested(3))) }
        if chance.oneIn(20) { members.append(members[chance.below(members.count)]) }
        if chance.oneIn(20) { members.append(sender()) }
        if chance.oneIn(3) { members.shuffle(using: &chance) }
        let comma = chance.pick([",", ",", ", ", ",  ", " , ", ",\t", ",   "])
        var text = chance.oneIn(15) ? chance.pick(["{ ", " {", "{  ", "\t{"]) : "{"
        text += members.joined(separator: comma)
        text += chance.oneIn(15) ? chance.pick([" }", "} ", "  }", "}}", "", ",}", "} x", "}\r"]) : "}"
        var bytes = Array(text.utf8)
        if chance.oneIn(12) { damage(&bytes) }
        return bytes
    }

    /// Several lines, each with an end.
    mutating func stream(_ lines: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<lines {
            bytes += line().filter { $0 != 10 }
            bytes += chance.oneIn(10) ? [13, 10] : [10]
        }
        if chance.oneIn(3) { bytes.removeLast() }
        return bytes
    }

    /// Several lines of two or three forms, with other digits and letters in the same places, and now and then something odd in them.
    mutating func alikeStream(_ lines: Int) -> [UInt8] {
        let forms = (0..<3).map { _ in chance.oneIn(2) ? plainLine() : line().filter { $0 != 10 } }
        var bytes: [UInt8] = []
        for _ in 0..<lines {
            var line = chance.pick(forms)
            for place in line.indices {
                switch line[place] {
                case UInt8(ascii: "0")...UInt8(ascii: "9") where chance.oneIn(2): line[place] = UInt8(ascii: "0") + UInt8(chance.below(10))
                case UInt8(ascii: "x"): line[place] = UInt8(chance.pick([0x20, 0x21, 0x41, 0x5b, 0x5d, 0x7a, 0x7e, 0x39]))
                default: break
                }
            }
            if chance.oneIn(10) { damage(&line) }
            bytes += line.filter { $0 != 10 } + [10]
        }
        return bytes
    }

    /// A line as gateways write it.
    private mutating func plainLine() -> [UInt8] {
        let id = String(repeating: "x", count: chance.below(chance.oneIn(5) ? 60 : 16) + 1)
        var members = ["\"\(chance.oneIn(4) ? "subject" : "user")\":\"\(id)\""]
        members.append("\"lat\":\(chance.pick(["", "-"]))\(chance.below(89)).\(digits(chance.below(7) + 1))")
        members.append("\"lon\":\(chance.pick(["", "-"]))\(chance.below(179)).\(digits(chance.below(7) + 1))")
        if chance.oneIn(2) { members.append("\"ts\":17322\(digits(8))") }
        if chance.oneIn(2) { members.append("\"acc\":\(chance.below(30)).\(digits(2))") }
        if chance.oneIn(4) { members.append("\"radius\":\(chance.below(300) + 50)") }
        if chance.oneIn(2) { members.shuffle(using: &chance) }
        return Array("{\(members.joined(separator: chance.pick([",", ", "])))}".utf8)
    }

    private mutating func member(_ key: String, _ value: String) -> String {
        "\"\(spelled(key))\"\(chance.pick([":", ":", ":", ": ", ":  ", " :", ":\t"]))\(value)"
    }

    /// The key, now and then with an escape in it.
    private mutating func spelled(_ key: String) -> String {
        guard chance.oneIn(40), let first = key.unicodeScalars.first, first != "\\" else { return key }
        let code = String(first.value, radix: 16)
        return "\\u00\(code.count == 1 ? "0" : "")\(code)\(key.dropFirst())"
    }

    private mutating func sender() -> String {
        let id: String
        switch chance.below(24) {
        case 0: id = chance.pick(["7", "null", "{}", "[\"u\"]", "true"])
        case 1: id = "\"\""
        case 2: id = "\"\(String(repeating: "i", count: chance.pick([119, 120, 127, 128, 129, 136, 200])))\""
        case 3:
            id = chance.pick([
                "\"a\\u0041b\"", "\"q\\\"q\"", "\"b\\\\\"", "\"\\u0000\"", "\"\\u007f\"", "\"\\u0085\"", "\"\\ud83d\\ude00\"",
            ])
        case 4:
            id = chance.pick(["\"\\ud800\"", "\"\\udc00x\"", "\"\\ud800\\u0041\"", "\"\\u12g4\"", "\"\\x\"", "\"tab\there\"", "\"\u{7f}\""])
        case 5:
            id = chance.pick([
                "\"é\"", "\"用户-17\"", "\"a\u{85}b\"", "\"a\u{9f}\"", "\"😀😀😀😀😀😀😀\"", "\"\u{a0}\"",
                "\"\(String(repeating: "é", count: 64))\"",
            ])
        default: id = "\"u-\(chance.below(100_000))\""
        }
        return member(chance.oneIn(4) ? "subject" : "user", id)
    }

    private mutating func digits(_ count: Int) -> String {
        var text = ""
        for _ in 0..<count { text.append(String(chance.below(10))) }
        return text
    }

    private mutating func degrees(_ limit: Int) -> String {
        let sign = chance.oneIn(3) ? "-" : ""
        let whole = String(chance.below(limit))
        switch chance.below(16) {
        case 0: return oddNumber()
        case 1: return "\(sign)\(limit)"
        case 2: return "\(sign)\(limit).\(String(repeating: "0", count: chance.below(12) + 1))\(chance.oneIn(2) ? "1" : "")"
        case 3: return "\(sign)\(limit - 1).\(String(repeating: "9", count: chance.below(17) + 1))"
        case 4: return "\(sign)\(whole).\(digits(7))5"
        case 5:
            return
                "\(sign)\(whole).\(digits(7))\(chance.pick(["49999", "50000", "50001", "4999999999", "5000000001", "500009", "500011", "49998"]))"
        case 6: return "\(sign)\(whole)"
        case 7: return "\(sign)\(whole).\(digits(chance.below(20)))"
        case 8: return "\(sign)\(whole).\(digits(3))\(chance.pick(["e0", "E1", "e-2", "e+1", "e", "e400"]))"
        default: return "\(sign)\(whole).\(digits(chance.below(15) + 1))"
        }
    }

    private mutating func time() -> String {
        switch chance.below(10) {
        case 0: oddNumber()
        case 1:
            chance.pick([
                "9007199254740991", "9007199254740992", "1.7e12", "1.7E+12", "17e11", "1732290000123.0", "1732290000123.5", "-1", "0", "-0",
            ])
        case 2: digits(chance.below(20) + 1)
        default: "17322\(digits(8))"
        }
    }

    private mutating func metres() -> String {
        switch chance.below(10) {
        case 0: oddNumber()
        case 1: "\(digits(chance.below(10) + 1)).\(digits(chance.below(10) + 1))"
        case 2: chance.pick(["50", "49.99999999", "50000", "50000.0000001", "50000.000", "0", "0.0", "1e2"])
        default: "\(chance.below(300)).\(digits(chance.below(3) + 1))"
        }
    }

    private mutating func oddNumber() -> String {
        chance.pick([
            "1e400", "-1e400", "1E2", "-0.0", "-0", "00", "01", "1.", ".5", "+1", "0x10", "NaN", "Infinity", "-", "1e", "1e+",
            "12345678901234567890",
            "18446744073709551616", "-9223372036854775809", "123456789012345678901234567890", "1e308", "1.7976931348623157e308",
            "1.7976931348623159e308",
            "1e-400", "0e999999999", "-0.1e400", "5e-1", "\"1\"", "null", "true", "[1]", "{\"a\":1}",
            "\(String(repeating: "9", count: 400))",
            "0.\(String(repeating: "0", count: 400))1", "1.5e1", "9.0e1", "1.8e2", "123", "-123", "0.00000005", "0.000000049999999999",
        ])
    }

    private mutating func nested(_ depth: Int) -> String {
        guard depth > 0 else { return oddNumber() }
        switch chance.below(5) {
        case 0: return "[\(nested(depth - 1)),\(nested(depth - 1))]"
        case 1: return "{\"user\":\(nested(depth - 1)),\"lat\" : \"}\\\"]\"}"
        case 2: return "\"text \\\\ \\\" {\\n\""
        case 3: return "[]"
        default: return chance.pick(["1", "1e400", "99999999999999999999", "true", "\"\\ud800\"", "{}"])
        }
    }

    private mutating func damage(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let place = chance.below(bytes.count)
        switch chance.below(5) {
        case 0: bytes.remove(at: place)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &chance)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &chance), at: place)
        case 3: bytes.removeLast(bytes.count - place)
        default:
            bytes.insert(
                contentsOf: chance.pick([
                    [0xc3], [0xff], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0], [0xef, 0xbb, 0xbf],
                ]), at: place)
        }
    }
}
