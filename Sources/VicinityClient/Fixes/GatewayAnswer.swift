// What the daemon says on `ingest.sock` (contract, section 3).

package enum GatewayAnswer: Equatable, Sendable {
    /// The first `lines` lines of the connection are dealt with, and durable.
    case ack(lines: UInt64)
    case error(line: UInt64, code: String, message: String)
    /// `count` bad lines among from…to, summed up.
    case errors(from: UInt64, to: UInt64, count: UInt64)
    /// The connection itself is refused, and will be closed.
    case refused(code: String, message: String)
    /// A message of a later version: to be ignored.
    case unknown

    /// - Throws: if the line is not JSON.
    package init(parsing line: [UInt8]) throws(JSONFault) {
        let message = try JSONValue(parsing: line)
        if let lines = message["ack"]?.natural {
            self = .ack(lines: lines)
        } else if let error = message["error"] {
            let code = error["code"]?.string ?? "error"
            let text = error["message"]?.string ?? error.text
            self = error["line"]?.natural.map { .error(line: $0, code: code, message: text) } ?? .refused(code: code, message: text)
        } else if let errors = message["errors"], let from = errors["from"]?.natural, let to = errors["to"]?.natural,
            let count = errors["count"]?.natural
        {
            self = .errors(from: from, to: to, count: count)
        } else {
            self = .unknown
        }
    }
}

extension JSONValue {
    /// The number if it is an integer from 0 on.
    package var natural: UInt64? { integer.flatMap { UInt64(exactly: $0) } }
}
