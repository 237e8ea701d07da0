// Metrics for those who do not read OpenMetrics, and a scraper's request.

import Foundation
import Testing
import VicinityClient

@Suite("Metrics for a scraper")
struct MetricsTests {
    @Test(
        "In the text format of Prometheus a counter and an information are called as their samples are, and units and the end are left out")
    func prometheus() {
        let text = """
            # TYPE a_build info
            # HELP a_build What runs.
            a_build_info{version="1"} 1
            # TYPE b_seconds counter
            # UNIT b_seconds seconds
            # HELP b_seconds Time  with # signs.
            b_seconds_total 1.5
            # TYPE c gauge
            # HELP c A number.
            c{x="# TYPE c counter"} 1
            # EOF

            """
        #expect(
            PrometheusText.text(ofOpenMetrics: text) == """
                # TYPE a_build_info gauge
                # HELP a_build_info What runs.
                a_build_info{version="1"} 1
                # TYPE b_seconds_total counter
                # HELP b_seconds_total Time  with # signs.
                b_seconds_total 1.5
                # TYPE c gauge
                # HELP c A number.
                c{x="# TYPE c counter"} 1

                """)
    }

    @Test(
        "A request is answered by what it asks for",
        arguments: [
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", ScrapeRequest.Verdict.metrics(isOpenMetrics: false)),
            ("HEAD /metrics HTTP/1.0\r\n\r\n", .metrics(isOpenMetrics: false)),
            (
                "GET /metrics?x=1 HTTP/1.1\r\nACCEPT: text/plain;q=0.5, Application/OpenMetrics-Text; version=1.0.0\r\n\r\nrest",
                .metrics(isOpenMetrics: true)
            ),
            ("GET / HTTP/1.1\r\n\r\n", .refused(.notFound)), ("GET /metricsx HTTP/1.1\r\n\r\n", .refused(.notFound)),
            ("POST /metrics HTTP/1.1\r\n\r\n", .refused(.methodNotAllowed)), ("GET /metrics\r\n\r\n", .refused(.badRequest)),
            ("\r\n\r\n", .refused(.badRequest)), ("GET /metrics SPDY/3\r\n\r\n", .refused(.badRequest)),
        ])
    func verdicts(request: String, verdict: ScrapeRequest.Verdict) {
        var reader = ScrapeRequest()
        // A byte at a time is as good.
        var progress = ScrapeRequest.Progress.needsMore
        for byte in request.utf8 where progress == .needsMore { progress = reader.take([byte]) }
        #expect(progress == .complete)
        #expect(reader.verdict == verdict)
    }

    @Test("A head that does not end is given up")
    func tooLong() {
        var reader = ScrapeRequest()
        #expect(reader.take([UInt8](repeating: 65, count: ScrapeRequest.greatestHead)) == .needsMore)
        #expect(reader.take([65]) == .tooLong)
    }

    @Test("Answers say how long they are, and close")
    func answers() {
        let answer = String(decoding: ScrapeAnswer(openMetrics: "# EOF\n", isOpenMetrics: true, hasBody: true).bytes, as: UTF8.self)
        #expect(
            answer == "HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\nContent-Length: 6\r\n"
                + "Connection: close\r\n\r\n# EOF\n")
        let head = String(decoding: ScrapeAnswer(openMetrics: "a 1\n", isOpenMetrics: false, hasBody: false).bytes, as: UTF8.self)
        #expect(head.hasSuffix("Content-Length: 4\r\nConnection: close\r\n\r\n"))
        #expect(
            String(decoding: ScrapeAnswer(.methodNotAllowed, body: "no", hasBody: true).bytes, as: UTF8.self).contains(
                "Allow: GET, HEAD\r\n"))
    }

    @Test(
        "What is answered to a HEAD has no body, and says how long one would be, whatever the answer is",
        arguments: ["/metrics", "/nothing", "/metrics SPDY/3", String(repeating: "x", count: 9000)])
    func bodies(target: String) throws {
        let get = try answer("GET \(target) HTTP/1.1\r\n\r\n")
        let head = try answer("HEAD \(target) HTTP/1.1\r\n\r\n")
        let end = try #require(get.range(of: "\r\n\r\n")?.upperBound)
        #expect(get.hasPrefix("HTTP/1.1 ") && !get.hasPrefix("HTTP/1.1 200"), "there is no daemon: \(get)")
        #expect(get[end...].isEmpty == false)
        #expect(head == get[..<end])
    }

    /// What a scraper is answered where there is no daemon.
    private func answer(_ request: String) throws -> String {
        let directory = try TemporaryDirectory()
        let (input, output) = ("\(directory.path)/request", "\(directory.path)/answer")
        try request.write(toFile: input, atomically: true, encoding: .utf8)
        let (reader, writer) = (open(input, O_RDONLY), open(output, O_WRONLY | O_CREAT, 0o600))
        defer { for descriptor in [reader, writer] { close(descriptor) } }
        do throws(ClientFault) { try MetricsRun.serve(socketDirectory: "\(directory.path)", input: reader, output: writer) } catch {
            guard case .unreachable = error else { throw error }
        }
        return try directory.read("answer")
    }
}
