/// What the daemon said of itself at one moment.
package struct TopReading: Equatable, Sendable {
    /// The answer to `status`.
    package let status: JSONValue
    /// The answer to `metrics`.
    package let metrics: MetricsSample
    /// Milliseconds of a clock that never steps, when the metrics came.
    package let time: Int64
    /// Unix milliseconds of the same moment.
    package let wall: Int64

    package init(status: JSONValue, metrics: MetricsSample, time: Int64, wall: Int64) {
        self.status = status
        self.metrics = metrics
        self.time = time
        self.wall = wall
    }
}
