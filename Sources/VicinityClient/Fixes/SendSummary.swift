// What `send` says in the end.

package struct SendSummary {
    package var dealtWith: UInt64
    /// Lines sent or read that no ack covers.
    package var unknown: UInt64
    package var sentAgain: UInt64
    package var reconnects: Int
    package var refusals: RefusalTally
    package var milliseconds: Int64
    /// All times were shifted by one span and sent at once.
    package var shiftsToNow: Bool

    /// - Parameter place: names a line of the input.
    package func text(place: (UInt64) -> String) -> String {
        let rate = Int64(dealtWith) * 1000 / max(1, milliseconds)
        var lines = [
            "\(counted(Int64(dealtWith), "line")) dealt with in \(spanText(milliseconds: milliseconds)) (\(grouped(rate))/s), "
                + (refusals.total == 0 ? "none refused" : "\(grouped(Int64(refusals.total))) refused")
        ]
        for entry in refusals.entries {
            lines.append("  \(entry.code): \(grouped(Int64(entry.count)))")
            for example in entry.examples { lines.append("    \(place(example.line)): \(example.message.terminalSafe)") }
        }
        if refusals.summedUp > 0 { lines.append("  summed up by the daemon: \(grouped(Int64(refusals.summedUp)))") }
        if shiftsToNow, refusals.entries.contains(where: { $0.code == "future_fix" }) {
            lines.append("  (--now dates the first line to the present, and the others lie after it: add --speed 1x)")
        }
        if reconnects > 0 {
            lines.append("\(counted(reconnects, "reconnect")), \(counted(Int64(sentAgain), "line")) sent again")
        }
        if unknown > 0 {
            lines.append("\(counted(Int64(unknown), "line")) without an ack; to go on, send again from \(place(dealtWith + 1)) on")
        }
        return lines.joined(separator: "\n")
    }
}
