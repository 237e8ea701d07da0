import Testing
import VicinityWire

@Suite struct JSONTests {
    /// The text as a writer gives it back, or `nil` if it is not JSON.
    private func rewritten(_ text: String) -> String? {
        let parser = JSONParser()
        return Array(text.utf8).withUnsafeBytes { bytes in
            parser.parse(bytes).map { element in
                var writer = JSONWriter()
                writer.value(element)
                return String(decoding: writer.bytes, as: UTF8.self)
            }
        }
    }

    @Test(arguments: [
        (
            #" { "a" : [ 1 , -2.50 , 1e2 , true , null , "x\u0000\n\"\\é\ud83d\ude00" ] , "b" : { } , "" : [ ] } "#,
            #"{"a":[1,-2.5,100,true,null,"x\u0000\n\"\\é😀"],"b":{},"":[]}"#
        ),
        ("18446744073709551615", "18446744073709551615"), ("-9223372036854775808", "-9223372036854775808"),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551616", "1.8446744073709552e+19"), ("-9223372036854775809", "-9.223372036854776e+18"), ("1e400", "1e+308"),
        ("-1e400", "-1e+308"),
        ("[1e400,-12345678901234567890,\"1e400\"]", "[1e+308,-1.2345678901234567e+19,\"1e400\"]"), ("1.7976931348623159e308", "1e+308"),
        ("1e-400", "0"),
        ("[0.1e400,1000000000000000000000000000000]", "[1e+308,1e+30]"),
    ])
    func values(text: String, expected: String) { #expect(rewritten(text) == expected) }

    @Test(arguments: [
        "", " ", "{", "nul", "01", "1.", "[1,]", "{\"a\":1,}", "1e400x", "-1e400.", "[1e400", "\"\u{1}\"", "\"\\ud800\"",
        "\"\\udc00\\ud800\"", "\u{feff}1", "1 2", "[1e400,01]", "+1e400",
    ])
    func notJSON(text: String) { #expect(rewritten(text) == nil) }

    /// An integer of any length is the double that is nearest to it.
    @Test(arguments: UInt64(0)..<50)
    func longIntegers(seed: UInt64) {
        var chance = Chance(seed: seed)
        let parser = JSONParser()
        for length in 1...309 {
            let text = "-" + String(chance.below(9) + 1) + (1..<length).map { _ in String(chance.below(10)) }.joined()
            let parsed = Array("[\(text)]".utf8).withUnsafeBytes { parser.parse($0)?.elements.first { _ in true }?.double }
            let nearest = Double(text) ?? .nan
            #expect(parsed == (nearest.isFinite ? nearest : -JSONElement.tooLarge), "\(text)")
        }
    }

    /// Nesting has no other limit than the text's length, neither when it is read nor when it is written.
    @Test func nesting() {
        let deep = String(repeating: "[{\"a\":", count: 200_000) + "1" + String(repeating: "}]", count: 200_000)
        #expect(rewritten(deep) == deep)
    }

    @Test func oneParserForTextsOfAllSizes() {
        let parser = JSONParser()
        for size in [1, 5000, 3_000_000, 10, 200_000, 10] {
            let text = [UInt8](repeating: UInt8(ascii: "7"), count: size)
            let quoted = [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]
            #expect(quoted.withUnsafeBytes { parser.parse($0)?.utf8?.count } == size)
            if size > 1_000_000 { parser.release() }
        }
    }

    @Test func membersAsWritten() throws {
        let text = Array(#" { "a" : -1.0e+2 , "b\"{":{"x":[1,"}"]} ,"c":"\u0041\"" , "d":[],"e":null } "#.utf8)
        let values = text.withUnsafeBytes { bytes in
            (0...5).map { place in JSONText.member(place, of: bytes).map { String(decoding: $0, as: UTF8.self) } }
        }
        #expect(values == ["-1.0e+2", #"{"x":[1,"}"]}"#, #""\u0041\"""#, "[]", "null", nil])
        let array = Array(" [1 , [2,3] ,\"]\"] ".utf8)
        let elements = array.withUnsafeBytes { bytes in
            (0...3).map { place in JSONText.element(place, of: bytes).map { String(decoding: $0, as: UTF8.self) } }
        }
        #expect(elements == ["1", "[2,3]", "\"]\"", nil])
    }

    @Test func keys() {
        let text = Array(#"{"a":1,"a":2,"b":null,"n":1.7e12,"f":1.5,"big":1e30,"u":18446744073709551615}"#.utf8)
        let parser = JSONParser()
        text.withUnsafeBytes { bytes in
            let root = parser.parse(bytes)
            #expect(root?[key: "a"]?.integer == 2)
            #expect(root?[key: "b"] == nil)
            #expect(root?[key: "c"] == nil)
            #expect(root?[key: "n"]?.integer == 1_700_000_000_000)
            #expect(root?[key: "f"]?.integer == nil)
            #expect(root?[key: "f"]?.double == 1.5)
            #expect(root?[key: "big"]?.integer == .max)
            #expect(root?[key: "u"]?.integer == .max)
        }
    }
}
