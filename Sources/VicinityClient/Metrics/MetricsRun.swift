// Metrics for a scraper, and for a file.

internal import Glibc

package enum MetricsRun {
    /// How long a scraper may take for its request, in milliseconds.
    private static let patience: Int64 = 5000

    /// The answer of `metrics`.
    package static func text(socketDirectory: String) throws(ClientFault) -> String {
        var control = try ControlClient(socketDirectory: socketDirectory)
        let answer = try control.call("metrics")
        guard let text = answer.string else { throw .refused("the daemon's metrics are no text") }
        return text
    }

    /// Serves one request of a scraper: systemd has accepted its connection (`Accept=yes`), and given it as standard input and output.
    package static func serve(socketDirectory: String, input: CInt = STDIN_FILENO, output: CInt = STDOUT_FILENO) throws(ClientFault) {
        var fault: ClientFault?
        let answer: ScrapeAnswer
        switch read(input) {
        case .metrics(let isOpenMetrics, let withBody):
            do throws(ClientFault) {
                answer = ScrapeAnswer(
                    openMetrics: try text(socketDirectory: socketDirectory), isOpenMetrics: isOpenMetrics, hasBody: withBody)
            } catch {
                fault = error
                answer = ScrapeAnswer(.unavailable, body: "\(error)\n")
            }
        case .refused(let status): answer = ScrapeAnswer(status, body: "GET /metrics is all there is.\n")
        }
        _ = writeAll(answer.bytes[...], to: output)
        if let fault { throw fault }
    }

    private static func read(_ input: CInt) -> ScrapeRequest.Verdict {
        var request = ScrapeRequest()
        let deadline = Clock.monotonic() + patience
        var room = [UInt8](repeating: 0, count: 4096)
        while true {
            var wait = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
            guard poll(&wait, 1, CInt(max(0, deadline - Clock.monotonic()))) > 0 else { return .refused(.timeout) }
            let count = Glibc.read(input, &room, room.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return .refused(.badRequest) }
            switch request.take(Array(room[..<count])) {
            case .needsMore: break
            case .complete: return request.verdict
            case .tooLong: return .refused(.tooLong)
            }
        }
    }
}
