// JSON-RPC 2.0 as `control.sock` speaks it: one request or response a line.

/// A request whose shape is right.
package struct ControlRequest {
    /// The id as JSON text, as the client wrote it; `nil` for a notification, which gets no answer.
    package let id: String?
    package let method: String
    /// An object; `nil` if there are none. Valid until the reader reads again.
    package let params: JSONElement?
}

/// Why a request was not carried out: one of the standard codes, or a word of our own.
package struct ControlFailure: Error, Equatable, Sendable {
    package let number: Int
    package let message: String
    /// `data.code`.
    package let word: String?
    /// `data.at`: which value is bad.
    package let at: String?

    package static let parseError = ControlFailure(number: -32700, message: "not JSON")
    package static func invalidRequest(_ message: String) -> ControlFailure { ControlFailure(number: -32600, message: message) }
    package static func unknownMethod(_ method: String) -> ControlFailure {
        ControlFailure(number: -32601, message: "there is no method \(method)")
    }
    /// A parameter is missing or out of range.
    package static func badValue(_ at: String, _ message: String) -> ControlFailure {
        ControlFailure(number: -32602, message: "\(at) \(message)", word: "bad_value", at: at)
    }
    package static func forbidden(_ method: String) -> ControlFailure {
        ControlFailure(number: -32001, message: "this peer may not call \(method)", word: "forbidden")
    }
    /// One of the daemon's own.
    package static func refused(_ word: String, _ message: String) -> ControlFailure {
        ControlFailure(number: -32000, message: message, word: word)
    }
    package static func internalError(_ message: String) -> ControlFailure { ControlFailure(number: -32603, message: message) }

    package init(number: Int, message: String, word: String? = nil, at: String? = nil) {
        self.number = number
        self.message = message
        self.word = word
        self.at = at
    }
}

/// Reads requests and writes responses.
package struct ControlCodec {
    private let parser = JSONParser()

    package init() {}

    /// Gives back the memory of a long request, once it is answered; its parameters are void.
    package func release() { parser.release() }

    /// What a line holds.
    package enum Line {
        case request(ControlRequest)
        /// It is none; the answer goes to this id, as JSON text.
        case refused(ControlFailure, id: String)
        /// It is none, and a notification: no answer.
        case ignored
    }

    package func read(_ line: UnsafeRawBufferPointer) -> Line {
        guard let root = parser.parse(line) else { return .refused(.parseError, id: "null") }
        guard root.kind == .object else {
            return .refused(.invalidRequest("a request is one object; there are no batches"), id: "null")
        }
        var hasID = false
        var id = "null"
        for (place, member) in root.members.enumerated() where member.key.equals("id") {
            hasID = true
            switch member.value.kind {
            case .string, .null, .number:
                // As it was written: 1.0 is answered as 1.0.
                if let text = JSONText.member(place, of: line) { id = String(decoding: text, as: UTF8.self) }
            case .object, .array, .bool: return .refused(.invalidRequest("id must be a string, a number or null"), id: "null")
            }
        }
        guard root[key: "jsonrpc"]?.utf8?.equals("2.0") ?? false else {
            return .refused(.invalidRequest("jsonrpc must be \"2.0\""), id: id)
        }
        guard let method = root[key: "method"]?.string else { return .refused(.invalidRequest("method must be a string"), id: id) }
        let params = root[key: "params"]
        if let params, params.kind != .object {
            let failure = ControlFailure(number: -32602, message: "params must be an object", word: "bad_value", at: "params")
            return hasID ? .refused(failure, id: id) : .ignored
        }
        return .request(ControlRequest(id: hasID ? id : nil, method: method, params: params))
    }

    /// A response with a result, which is JSON text, as a line.
    package static func response(id: String, result: [UInt8]) -> [UInt8] {
        Array("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":".utf8) + result + Array("}\n".utf8)
    }

    /// A response with an error, as a line.
    package static func response(id: String, failure: ControlFailure) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("jsonrpc", "2.0")
            writer.key("id")
            writer.raw(id)
            writer.key("error")
            writer.object { writer in
                writer.member("code", failure.number)
                writer.member("message", failure.message)
                if let word = failure.word {
                    writer.key("data")
                    writer.object { writer in
                        writer.member("code", word)
                        if let at = failure.at { writer.member("at", at) }
                    }
                }
            }
        }
        return writer.bytes + [Byte.newline]
    }
}
