// One request of a scraper, and its answer: as much of HTTP/1.1 as `GET /metrics` over a Unix socket needs (RFC 9112).

/// What is read of a request.
package struct ScrapeRequest {
    /// Bytes of a request's head at the most.
    package static let greatestHead = 8192

    private var head: [UInt8] = []

    package init() {}

    package enum Progress: Equatable {
        case needsMore
        case complete
        /// It is longer than any scraper's.
        case tooLong
    }

    /// Takes what came; whatever follows the head is of no interest.
    package mutating func take(_ bytes: [UInt8]) -> Progress {
        head += bytes
        if String(decoding: head, as: UTF8.self).contains("\r\n\r\n") { return .complete }
        return head.count > Self.greatestHead ? .tooLong : .needsMore
    }

    /// Whether the answer is to have a body, as far as that has come: every one but that to a HEAD, an error too (RFC 9110, section 9.3.2).
    package var wantsBody: Bool { !head.starts(with: "HEAD ".utf8) }

    /// What to answer.
    package enum Verdict: Equatable {
        case metrics(isOpenMetrics: Bool)
        case refused(ScrapeAnswer.Status)
    }

    /// - Precondition: the head is complete.
    package var verdict: Verdict {
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return .refused(.badRequest) }
        guard words[0] == "GET" || words[0] == "HEAD" else { return .refused(.methodNotAllowed) }
        guard words[1].prefix(while: { $0 != "?" }) == "/metrics" else { return .refused(.notFound) }
        let accepts = lines.dropFirst().contains { line in
            let field = line.split(separator: ":", maxSplits: 1)
            return field.count == 2 && field[0].lowercased() == "accept" && field[1].lowercased().contains("application/openmetrics-text")
        }
        return .metrics(isOpenMetrics: accepts)
    }
}

/// An answer, after which the connection is closed.
package struct ScrapeAnswer {
    package enum Status: String, Sendable {
        case ok = "200 OK"
        case badRequest = "400 Bad Request"
        case notFound = "404 Not Found"
        case methodNotAllowed = "405 Method Not Allowed"
        case timeout = "408 Request Timeout"
        case tooLong = "431 Request Header Fields Too Large"
        case unavailable = "503 Service Unavailable"
    }

    private let status: Status
    private let type: String
    private let body: String
    private let hasBody: Bool

    package init(_ status: Status, type: String = "text/plain; charset=utf-8", body: String, hasBody: Bool) {
        self.status = status
        self.type = type
        self.body = body
        self.hasBody = hasBody
    }

    /// The metrics in the form that was asked for.
    package init(openMetrics text: String, isOpenMetrics: Bool, hasBody: Bool) {
        self.init(
            .ok, type: isOpenMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : PrometheusText.contentType,
            body: isOpenMetrics ? text : PrometheusText.text(ofOpenMetrics: text), hasBody: hasBody)
    }

    package var bytes: [UInt8] {
        let allow = status == .methodNotAllowed ? "Allow: GET, HEAD\r\n" : ""
        let head =
            "HTTP/1.1 \(status.rawValue)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(allow)Connection: close\r\n\r\n"
        return Array((head + (hasBody ? body : "")).utf8)
    }
}

extension String {
    /// The pieces between occurrences of `separator`.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var pieces: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            pieces.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return pieces + [String(rest)]
    }
}
