import Testing
import VicinityCore
import VicinityWire

/// The contract's section 3, line by line, by both ways.
@Suite struct FixDecoderTests {
    /// What the only line of a stream is, without its number.
    private func only(_ line: String) -> String {
        let scanned = Decoded(line + "\n")
        let read = Decoded(Array(line.utf8), usesScanner: false)
        #expect(scanned == read, "\(line)")
        return scanned.entries.first.map { String($0.dropFirst(2)) } ?? ""
    }

    private func fix(_ members: String) -> String { only("{\"user\":\"u\",\(members)}") }

    @Test(arguments: [
        (#"{"user":"u-17","lat":39.904211,"lon":116.407395,"ts":1732290000123}"#, "user u-17 399042110 1164073950 ts 1732290000123"),
        (
            #"{"user":"u-17","lat":39.904211,"lon":116.407395,"ts":1732290000123,"acc":8.5,"radius":300}"#,
            "user u-17 399042110 1164073950 ts 1732290000123 acc 8.5 radius 300.0"
        ),
        (#"{"subject":"bus-9","lat":39.9,"lon":116.4,"ts":1732290000123}"#, "subject bus-9 399000000 1164000000 ts 1732290000123"),
        (#"{"user":"u-17","gone":true,"ts":1732290000123}"#, "gone u-17 0 0 ts 1732290000123"),
    ])
    func examplesOfTheContract(line: String, fix: String) { #expect(only(line) == fix) }

    @Test(arguments: [
        ("0", 0), ("-0.0", 0), ("1E1", 100_000_000), ("90", 900_000_000), ("-90.0", -900_000_000), ("9e1", 900_000_000),
        ("39.9042111", 399_042_111),
        ("0.00000005", 1), ("-0.00000005", -1), ("0.000000049999", 0), ("12.34567894", 123_456_789), ("12.34567896", 123_456_790),
        ("1e-400", 0), ("89.99999999999999999", 900_000_000), ("0.12345678901234567890", 1_234_568),
    ])
    func latitudes(text: String, units: Int) { #expect(fix("\"lat\":\(text),\"lon\":0") == "user u \(units) 0") }

    @Test(arguments: [
        ("180", -1_800_000_000), ("-180", -1_800_000_000), ("179.99999999", -1_800_000_000), ("179.9999999", 1_799_999_999),
        ("1.8E2", -1_800_000_000),
    ])
    func longitudes(text: String, units: Int) { #expect(fix("\"lat\":0,\"lon\":\(text)") == "user u 0 \(units)") }

    @Test(arguments: [
        ("0", 0), ("1.7e12", 1_700_000_000_000), ("9007199254740991", 9_007_199_254_740_991), ("-0.0", 0), ("12.0", 12), ("null", -1),
    ])
    func times(text: String, time: Int) {
        #expect(fix("\"lat\":0,\"lon\":0,\"ts\":\(text)") == "user u 0 0\(time < 0 ? "" : " ts \(time)")")
    }

    @Test(arguments: [
        ("8.5", " acc 8.5"), ("-0.0", ""), ("1E2", " acc 100.0"), ("0.1", " acc 0.1"), ("null", ""),
        ("99999999.9999999", " acc 99999999.9999999"),
        ("12345678901234567890", " acc 1.2345678901234567e+19"), ("123456789012345678901234567890", " acc 1.2345678901234568e+29"),
    ])
    func accuracies(text: String, metres: String) { #expect(fix("\"lat\":0,\"lon\":0,\"acc\":\(text)") == "user u 0 0\(metres)") }

    /// Each code, and the sentence that comes with it.
    @Test(arguments: [
        ("{\"user\":\"\\ud800\",\"lat\":0}", "bad_utf8: the line holds the escape of a lone surrogate"),
        ("{\"x\":\"\\udc00\\ud800\"", "bad_utf8: the line holds the escape of a lone surrogate"),
        ("[]", "bad_json: the line is not one JSON object"),
        ("{} {}", "bad_json: the line is not one JSON object"),
        ("{\"lat\":1,\"l\\u0061t\":1}", "bad_json: lat is given twice"),
        ("{\"lat\":null,\"lat\":null}", "bad_json: lat is given twice"),
        ("{}", "missing_key: neither user nor subject is given, one is required"),
        ("{\"user\":null,\"lat\":0,\"lon\":0}", "missing_key: neither user nor subject is given, one is required"),
        ("{\"user\":\"u\",\"lon\":0}", "missing_key: lat is not given, required unless gone is true"),
        ("{\"user\":\"u\",\"lat\":0,\"gone\":false}", "missing_key: lon is not given, required unless gone is true"),
        ("{\"user\":\"u\",\"subject\":\"s\",\"lat\":0,\"lon\":0}", "bad_type: user and subject are both given, must be one of them"),
        ("{\"subject\":\"s\",\"gone\":true}", "bad_type: gone is given with subject, is for users only"),
        ("{\"user\":17,\"lat\":0,\"lon\":0}", "bad_type: user is 17, must be a string"),
        ("{\"user\":\"u\",\"lat\":\"1\",\"lon\":0}", "bad_type: lat is \"1\", must be a number"),
        ("{\"user\":\"u\",\"lat\":0,\"lon\":[1, 2]}", "bad_type: lon is [1, 2], must be a number"),
        ("{\"user\":\"u\",\"lat\":0,\"lon\":0,\"ts\":\"now\"}", "bad_type: ts is \"now\", must be a number"),
        ("{\"user\":\"u\",\"lat\":0,\"lon\":0,\"acc\":true}", "bad_type: acc is true, must be a number"),
        ("{\"user\":\"u\",\"lat\":0,\"lon\":0,\"radius\":{}}", "bad_type: radius is {}, must be a number"),
        ("{\"user\":\"u\",\"lat\":0,\"lon\":0,\"gone\":1}", "bad_type: gone is 1, must be a boolean"),
        ("{\"user\":\"\",\"lat\":0,\"lon\":0}", "bad_id: user is \"\", must be 1 to 128 bytes without control characters"),
        ("{\"user\":\"a\\u0000\",\"lat\":0,\"lon\":0}", "bad_id: user is \"a\\u0000\", must be 1 to 128 bytes without control characters"),
        (
            "{\"subject\":\"\u{85}\",\"lat\":0,\"lon\":0}",
            "bad_id: subject is \"\u{85}\", must be 1 to 128 bytes without control characters"
        ),
        ("{\"user\":\"u\",\"lat\":91.2,\"lon\":0}", "bad_latitude: lat is 91.2, must be within -90 and 90"),
        ("{\"user\":\"u\",\"lat\":1e400,\"lon\":0}", "bad_latitude: lat is 1e400, must be within -90 and 90"),
        ("{\"user\":\"u\",\"lat\":0, \"lon\": -180.000001}", "bad_longitude: lon is -180.000001, must be within -180 and 180"),
        ("{\"user\":\"u\",\"lat\":0,\"lon\":0,\"acc\":-1}", "bad_accuracy: acc is -1, must be 0 or more"),
        ("{\"user\":\"u\",\"lat\":0,\"lon\":0,\"acc\":1e400}", "bad_accuracy: acc is 1e400, must be 0 or more"),
        ("{\"user\":\"u\",\"lat\":0,\"lon\":0,\"radius\":49.9}", "bad_radius: radius is 49.9, must be within 50 and 50000"),
        ("{\"user\":\"u\",\"lat\":0,\"lon\":0,\"radius\":0}", "bad_radius: radius is 0, must be within 50 and 50000"),
        ("{\"user\":\"u\",\"lat\":0,\"lon\":0,\"ts\":1.5}", "bad_timestamp: ts is 1.5, must be an integer within 0 and 9007199254740991"),
        (
            "{\"user\":\"u\",\"lat\":0,\"lon\":0,\"ts\":9007199254740992}",
            "bad_timestamp: ts is 9007199254740992, must be an integer within 0 and 9007199254740991"
        ),
        (
            "{\"user\":\"u\",\"lat\":0,\"lon\":0,\"ts\":-1e400}",
            "bad_timestamp: ts is -1e400, must be an integer within 0 and 9007199254740991"
        ),
        (
            "{\"user\":\"\(String(repeating: "x", count: 200))\",\"lat\":0,\"lon\":0}",
            "bad_id: user is \"\(String(repeating: "x", count: 39))…, must be 1 to 128 bytes without control characters"
        ),
    ])
    func errors(line: String, error: String) { #expect(only(line) == error) }

    @Test(arguments: [[0x22, 0xc3, 0x22], [0xff], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80]] as [[UInt8]])
    func brokenUTF8(bytes: [UInt8]) {
        #expect(Decoded(bytes + [10]).entries == ["1 bad_utf8: the line is not UTF-8"])
        #expect(
            Decoded(Array("{\"user\":\"".utf8) + bytes + Array("\",\"lat\":0,\"lon\":0}\n".utf8)).entries == [
                "1 bad_utf8: the line is not UTF-8"
            ])
    }

    /// Where two things are wrong, the contract's order decides: each line has the fault of its own code and of the next ones.
    @Test(arguments: [
        ("bad_utf8", #"{"user":"\ud800","user":5,"#),
        ("bad_json", #"{"ts":1.5,"ts":2}"#),
        ("missing_key", #"{"user":5,"subject":6,"lat":"x"}"#),
        ("bad_type", #"{"user":"","lat":91,"lon":181,"acc":-1,"radius":1,"ts":"x"}"#),
        ("bad_id", #"{"user":"","lat":91,"lon":181,"acc":-1,"radius":1,"ts":-1}"#),
        ("bad_latitude", #"{"user":"u","lat":91,"lon":181,"acc":-1,"radius":1,"ts":-1}"#),
        ("bad_longitude", #"{"user":"u","lat":9,"lon":181,"acc":-1,"radius":1,"ts":-1}"#),
        ("bad_accuracy", #"{"user":"u","lat":9,"lon":18,"acc":-1,"radius":1,"ts":-1}"#),
        ("bad_radius", #"{"user":"u","lat":9,"lon":18,"acc":1,"radius":1,"ts":-1}"#),
        ("bad_timestamp", #"{"user":"u","lat":9,"lon":18,"acc":1,"radius":100,"ts":-1}"#),
    ])
    func precedence(code: String, line: String) { #expect(only(line).hasPrefix(code + ":"), "\(only(line))") }

    /// What is ignored may be anything that is JSON.
    @Test func ignoredKeys() {
        #expect(only(#"{"user":"u","gone":true,"lat":"x","lon":{},"acc":-1,"radius":[],"ts":5}"#) == "gone u 0 0 ts 5")
        #expect(only(#"{"user":"u","gone":true,"lat":99,"lon":1,"acc":2,"radius":100}"#) == "gone u 0 0")
        #expect(only(#"{"user":"u","gone":true,"ts":"x"}"#).hasPrefix("bad_type:"))
        #expect(only(#"{"subject":"s","lat":1,"lon":2,"radius":"x"}"#) == "subject s 10000000 20000000")
        #expect(only(#"{"subject":"s","lat":1,"lon":2,"gone":false,"radius":1}"#) == "subject s 10000000 20000000")
        #expect(only(#"{"user":"u","lat":1,"lon":2,"":1e400,"x":[[{"lat":12345678901234567890123}]]}"#) == "user u 10000000 20000000")
    }

    @Test func escapes() {
        #expect(only(#"{"\u0075ser":"\u0041\"\\\/","l\u0061t":1,"lon":2}"#) == #"user A"\/ 10000000 20000000"#)
        #expect(only(#"{"user":"\ud83d\ude00","lat":1,"lon":2}"#) == "user 😀 10000000 20000000")
    }

    @Test func deepNesting() {
        let open = String(repeating: "[", count: 30_000)
        let close = String(repeating: "]", count: 30_000)
        #expect(only("{\"x\":\(open)\(close),\"user\":\"u\",\"lat\":1,\"lon\":2}") == "user u 10000000 20000000")
        #expect(only("{\"x\":\(open),\"user\":\"u\"") == "bad_json: the line is not one JSON object")
    }

    /// A line may have 65,536 bytes before its end, and not one more.
    @Test(arguments: ["\n", "\r\n", ""])
    func longestLine(end: String) {
        let head = #"{"user":"u","lat":1,"lon":2,"x":""#
        let longest = head + String(repeating: "x", count: 65_536 - head.utf8.count - 2) + "\"}"
        #expect(longest.utf8.count == 65_536)
        for cuts in [[], [1000], [65_536, 1], [65_537, 1]] {
            let fits = Decoded(Array((longest + end).utf8), cuts: cuts)
            #expect(fits.entries == ["1 user u 10000000 20000000"], "cuts \(cuts)")
            let over = Decoded(Array((longest + " " + end).utf8), cuts: cuts)
            #expect(over.entries == ["1 line_too_long: the line is longer than 65536 bytes"], "cuts \(cuts)")
        }
    }

    /// The rest of a line that is too long is one line, and the next is the next.
    @Test(arguments: [1, 3, 4096, 65_536, 70_000, 1_000_000])
    func skipping(cut: Int) {
        let good = "{\"user\":\"u\",\"lat\":1,\"lon\":2}\n"
        let bytes = Array(good.utf8) + [UInt8](repeating: 0x61, count: cut == 1 ? 66_000 : 300_000) + Array("\n\(good)x\n\(good)".utf8)
        let decoded = Decoded(bytes, cuts: [cut])
        let fix = "user u 10000000 20000000"
        #expect(
            decoded.entries == [
                "1 \(fix)", "2 line_too_long: the line is longer than 65536 bytes", "3 \(fix)",
                "4 bad_json: the line is not one JSON object", "5 \(fix)",
            ])
        #expect(decoded.lineCount == 5)
    }

    @Test func emptyLinesCount() {
        let decoded = Decoded("\n\r\n  \t\n{\"user\":\"u\",\"gone\":true}\n\n ")
        #expect(decoded.entries == ["4 gone u 0 0"])
        #expect(decoded.lineCount == 6)
        #expect(Decoded("").lineCount == 0)
        #expect(Decoded("\n").lineCount == 1)
    }

    /// Radii that a reload changed hold from the next line on.
    @Test func radiiChange() {
        let line = Array("{\"user\":\"u\",\"lat\":1,\"lon\":2,\"radius\":60}\n".utf8)
        #expect(Decoded(line, radii: 50...100).entries == ["1 user u 10000000 20000000 radius 60.0"])
        #expect(Decoded(line, radii: 70...100.5).entries == ["1 bad_radius: radius is 60, must be within 70 and 100.5"])
    }
}
