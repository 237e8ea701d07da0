// One connection to the daemon, and where it is in its round: first `status`, then `metrics`, then a reading is complete.

/// A class, for it is there or not, and Swift does not borrow what is inside an optional.
final class TopLink {
    private var control: ControlClient
    /// For sentences.
    private let socket: String
    private var status: JSONValue?
    /// When the round began, in the caller's milliseconds; `nil` between two rounds.
    private(set) var askedAt: Int64?

    /// - Parameter patience: how long the daemon may accept nobody, in milliseconds.
    init(socketDirectory: String, patience: Int32 = ControlClient.patience) throws(ClientFault) {
        control = try ControlClient(socketDirectory: socketDirectory, patience: patience)
        socket = "\(socketDirectory)/control.sock"
    }

    /// For `poll`: readable when ``take()`` has something to do.
    var rawDescriptor: CInt { control.rawDescriptor }

    /// Begins a round.
    ///
    /// - Parameter now: milliseconds.
    func ask(now: Int64) throws(ClientFault) {
        status = nil
        askedAt = now
        try control.ask("status")
    }

    /// Goes on with the round, as far as answers are there.
    ///
    /// - Returns: the reading, if it is complete.
    func take() throws(ClientFault) -> TopReading? {
        while let answer = try control.answer() {
            guard let status else {
                status = answer
                try control.ask("metrics")
                continue
            }
            askedAt = nil
            return try reading(status, answer)
        }
        return nil
    }

    /// A whole round, for which nothing else has to be done meanwhile.
    func reading() throws(ClientFault) -> TopReading {
        let status = try control.call("status")
        return try reading(status, try control.call("metrics"))
    }

    private func reading(_ status: JSONValue, _ metrics: JSONValue) throws(ClientFault) -> TopReading {
        do throws(MetricsFault) {
            let sample = try MetricsSample(parsing: metrics.string ?? "")
            return TopReading(status: status, metrics: sample, time: Clock.monotonic(), wall: Clock.wall())
        } catch {
            throw .lost(socket: socket, why: "line \(error.line) of its metrics: \(error.why)")
        }
    }
}
