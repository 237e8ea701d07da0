import Testing

@testable import VicinityClient

@Suite struct JSONTests {
    @Test(arguments: [
        #"{"b":1,"a":[true,false,null],"c":{"x":1.50e+3,"y":-0}}"#,
        #"["é\u0001\n\t\"\\","😀"]"#,
        "12345678901234567890123", "{}", "[]", "\"\"",
    ])
    func roundTrip(text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(value.text == text)
        #expect(try JSONValue(parsing: value.prettyText) == value)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", ".5", "+1", "1e", "-", "tru", "nul", "\"a", "\"\u{01}\"", "\"\\x\"",
        #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, #""\u12g4""#, "1 2", "{}{}", "[1 2]", "{\"a\" 1}", "NaN", "'a'",
    ])
    func refused(text: String) {
        #expect(throws: JSONFault.self) { try JSONValue(parsing: text) }
    }

    @Test func invalidUTF8IsRefused() {
        #expect(throws: JSONFault(why: "a string is not UTF-8", offset: 3)) { try JSONValue(parsing: [0x22, 0xC3, 0x28, 0x22]) }
    }

    @Test func depthIsBounded() throws {
        let deep = String(repeating: "[", count: 256) + String(repeating: "]", count: 256)
        #expect(try JSONValue(parsing: deep).text == deep)
        #expect(throws: JSONFault.self) { try JSONValue(parsing: "[" + deep + "]") }
        #expect(throws: JSONFault.self) { try JSONValue(parsing: String(repeating: "[", count: 1_000_000)) }
    }

    @Test func escapes() throws {
        #expect(try JSONValue(parsing: #""\u0041\ud83d\ude00\/\b\f\n\r\t""#) == .string("A😀/\u{08}\u{0C}\n\r\t"))
    }

    @Test func numbers() throws {
        #expect(try JSONValue(parsing: "1.7e12").integer == 1_700_000_000_000)
        #expect(try JSONValue(parsing: "9007199254740993").integer == 9_007_199_254_740_993)
        #expect(try JSONValue(parsing: "1.5").integer == nil)
        #expect(try JSONValue(parsing: "1e400").double == nil)
        #expect(try JSONValue(parsing: "-1").natural == nil)
    }

    @Test func nullIsAsIfAbsent() throws {
        #expect(try JSONValue(parsing: #"{"a":null}"#)["a"] == nil)
    }
}
