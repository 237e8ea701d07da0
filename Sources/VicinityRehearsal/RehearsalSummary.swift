internal import VicinityClient
internal import VicinityCore

/// What a rehearsal says in the end, on standard error.
struct RehearsalSummary {
    /// All but empty ones.
    var lines: Int64 = 0
    /// Lines that were answered with an error, and points that are no fixes.
    var errors: Int64 = 0
    /// Enters.
    var encounters: Int64 = 0
    var tally = Tally()
    /// Milliseconds of the recording, from its first line to its last.
    var simulated: Int64 = 0
    /// Milliseconds that it took.
    var elapsed: Int64 = 0

    var text: String {
        "\(counted(lines, "line")): \(grouped(tally.accepted)) accepted, \(grouped(tally.stale)) stale, "
            + "\(grouped(tally.inaccurate)) inaccurate, \(grouped(tally.implausible)) implausible, \(counted(errors, "error")); "
            + "\(counted(encounters, "encounter")); \(Self.seconds(simulated)) of recorded time in \(Self.seconds(elapsed))"
    }

    /// `12.345 s`, and after long spans what that is.
    private static func seconds(_ milliseconds: Int64) -> String {
        let rest = String(milliseconds % 1_000)
        let text = "\(grouped(milliseconds / 1_000)).\(String(repeating: "0", count: 3 - rest.count))\(rest) s"
        return milliseconds < 60_000 ? text : "\(text) (\(spanText(milliseconds: milliseconds)))"
    }
}
