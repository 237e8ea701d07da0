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
        let (verdict, hasBody) = read(input)
        switch verdict {
        case .metrics(let isOpenMetrics):
            do throws(ClientFault) {
                answer = ScrapeAnswer(
                    openMetrics: try text(socketDirectory: socketDirectory), isOpenMetrics: isOpenMetrics, hasBody: hasBody)
            } catch {
                fault = error
                answer = ScrapeAnswer(.unavailable, body: "\(error)\n", hasBody: hasBody)
            }
        case .refused(let status): answer = ScrapeAnswer(status, body: "GET /metrics is all there is.\n", hasBody: hasBody)
        }
        _ = writeAll(answer.bytes[...], to: output)
        if let fault { throw fault }
    }

    private static func read(_ input: CInt) -> (verdict: ScrapeRequest.Verdict, hasBody: Bool) {
        var request = ScrapeRequest()
        let verdict = read(input, into: &request)
        return (verdict, request.wantsBody)
    }

    private static func read(_ input: CInt, into request: inout ScrapeRequest) -> ScrapeRequest.Verdict {
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
