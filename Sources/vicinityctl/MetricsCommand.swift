internal import ArgumentParser
internal import VicinityClient

struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Print the daemon's metrics, or hand them to Prometheus.",
        discussion: """
            Prints OpenMetrics; docs/metrics.md says what each means. For a scraper and for node_exporter there are units of systemd
            that call this command: vicinity-metrics.socket and vicinity-metrics.timer.

            EXAMPLES:
              vicinityctl metrics | grep degraded
              vicinityctl metrics --textfile vicinity.prom
              printf 'GET /metrics HTTP/1.1\\r\\n\\r\\n' | vicinityctl metrics --http
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        help: ArgumentHelp(
            "Replace this file, for node_exporter's textfile collector: in the text format of Prometheus, whole or not at all.",
            valueName: "file"),
        completion: .file())
    var textfile: String?

    @Flag(help: "Answer one request of a scraper, which stands on standard input, on standard output.")
    var http = false

    func validate() throws {
        if http, textfile != nil { throw ValidationError("--http and --textfile exclude each other") }
    }

    func run() throws {
        try global.conclude { directory throws(ClientFault) in
            if http { return try MetricsRun.serve(socketDirectory: directory) }
            let text = try MetricsRun.text(socketDirectory: directory)
            if let textfile {
                try WholeFile.write(PrometheusText.text(ofOpenMetrics: text), to: textfile)
            } else {
                Console.standard.say(Array(text.utf8))
            }
        }
    }
}
