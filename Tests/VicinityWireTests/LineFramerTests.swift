import Testing
import VicinityWire

@Suite struct LineFramerTests {
    /// The lines of a stream that comes in pieces of a given length; `!` for one that is too long.
    private func lines(_ text: String, limit: Int = 8, cut: Int) -> [String] {
        var framer = LineFramer(limit: limit)
        var lines: [String] = []
        func take(_ line: LineFramer.Line?) {
            switch line {
            case .text(let bytes): lines.append(String(decoding: bytes, as: UTF8.self))
            case .tooLong: lines.append("!")
            case nil: break
            }
        }
        var held: [UInt8] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: cut) {
            held += bytes[start..<min(bytes.count, start + cut)]
            while true {
                let (line, consumed) = held.withUnsafeBytes { framer.next($0) }
                held.removeFirst(consumed)
                take(line)
                if line == nil { break }
            }
            #expect(held.count <= limit + 1, "more is kept than a line")
        }
        take(held.withUnsafeBytes { framer.last($0) })
        return lines
    }

    @Test(arguments: 1...40)
    func anyChopping(cut: Int) {
        #expect(lines("a\nbc\r\n\n \t\nd\re\r\r\nlast", cut: cut) == ["a", "bc", "d\re\r", "last"])
        #expect(
            lines("12345678\n12345678\r\n123456789\n1234567890123456789012345\nx\n", cut: cut) == ["12345678", "12345678", "!", "!", "x"])
        #expect(lines("12345678\r", cut: cut) == ["12345678"])
        #expect(lines("123456789", cut: cut) == ["!"])
        #expect(lines("1234567890123", cut: cut) == ["!"])
        #expect(lines("", cut: cut) == [])
        #expect(lines("\n\n", cut: cut) == [])
    }
}
