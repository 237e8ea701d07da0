import Testing
import VicinityWire

@Suite struct ControlTests {
    private let codec = ControlCodec()

    /// The answer to a line, or what was understood.
    private func read(_ line: String) -> String {
        Array(line.utf8).withUnsafeBytes { bytes in
            switch codec.read(bytes) {
            case .request(let request):
                let params = request.params.map { params in
                    var writer = JSONWriter()
                    writer.value(params)
                    return String(decoding: writer.bytes, as: UTF8.self)
                }
                return "\(request.method) \(request.id ?? "notification") \(params ?? "-")"
            case .refused(let failure, let id): return "\(failure.number) \(id)"
            case .ignored: return "ignored"
            }
        }
    }

    @Test(arguments: [
        (#"{"jsonrpc":"2.0","id":1,"method":"status"}"#, "status 1 -"),
        (#"{"method":"status","params":{"a":[1]},"id":"a\u0041\"","jsonrpc":"2.0"}"#, #"status "a\u0041\"" {"a":[1]}"#),
        (#"{"jsonrpc":"2.0","id":1.0,"method":"status","params":null}"#, "status 1.0 -"),
        (#"{"jsonrpc":"2.0","id":12345678901234567890123,"method":"m"}"#, "m 12345678901234567890123 -"),
        (#"{"jsonrpc":"2.0","method":"status","params":{}}"#, "status notification {}"),
        ("{", "-32700 null"), ("", "-32700 null"), ("{\"id\":1}}", "-32700 null"),
        ("{\"jsonrpc\":\"2.0\",\"id\":\"\\ud800\",\"method\":\"m\"}", "-32700 null"),
        ("[]", "-32600 null"), (#"[{"jsonrpc":"2.0","id":1,"method":"status"}]"#, "-32600 null"), ("5", "-32600 null"),
        ("{}", "-32600 null"),
        (#"{"jsonrpc":"1.0","id":1,"method":"status"}"#, "-32600 1"), (#"{"id":1,"method":"status"}"#, "-32600 1"),
        (#"{"jsonrpc":"2.0","id":1}"#, "-32600 1"), (#"{"jsonrpc":"2.0","id":1,"method":5}"#, "-32600 1"),
        (#"{"jsonrpc":"2.0","id":{},"method":"m"}"#, "-32600 null"),
        (#"{"jsonrpc":"2.0","id":true,"method":"m"}"#, "-32600 null"), (#"{"jsonrpc":"2.0","id":1,"method":"m","params":[]}"#, "-32602 1"),
        (#"{"jsonrpc":"2.0","method":"m","params":[1]}"#, "ignored"),
    ])
    func requests(line: String, expected: String) { #expect(read(line) == expected) }

    @Test func responses() {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        #expect(
            text(ControlCodec.response(id: "\"a\"", result: Array("{\"put\":3}".utf8)))
                == "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":{\"put\":3}}\n")
        let plain = "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"not JSON\"}}\n"
        #expect(text(ControlCodec.response(id: "null", failure: .parseError)) == plain)
        let failure = ControlFailure(number: -32602, message: "lat is 91", word: "bad_value", at: "subjects[3].lat")
        let detailed =
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"lat is 91\",\"data\":{\"code\":\"bad_value\",\"at\":\"subjects[3].lat\"}}}\n"
        #expect(text(ControlCodec.response(id: "1", failure: failure)) == detailed)
    }
}
