import VicinityPipeline

/// What `systemctl status` says of a daemon that runs: what is wrong, then how much there is, how fast it goes, and who is behind.
struct StatusText {
    var snapshot: Snapshot
    var rates: (fixes: Double, events: Double)
    /// Sentences of what is wrong.
    var trouble: [String]
    /// How many events the slowest subscriber without a name was behind, when its loop last looked; `nil` if there is none.
    var unnamedLag: Int64?

    /// One line.
    var text: String {
        let wrong = trouble.isEmpty ? "" : "degraded: " + trouble.joined(separator: "; ") + ". "
        let amounts = "\(snapshot.users) users, \(snapshot.subjects) subjects, \(snapshot.pairs) pairs inside"
        return wrong + "\(amounts); \(Self.rate(rates.fixes)) fixes/s, \(Self.rate(rates.events)) events/s; \(lag)"
    }

    /// Who is behind most; a relay that is away is behind too.
    private var lag: String {
        let named = snapshot.subscribers.min { $0.acked < $1.acked }
        let behind = named.map { max(0, snapshot.head - $0.acked) } ?? 0
        let unnamed = unnamedLag ?? 0
        if named == nil, unnamedLag == nil { return "no subscribers" }
        guard max(behind, unnamed) > 0 else { return "subscribers are up to date" }
        if let named, behind >= unnamed {
            let name = String(decoding: named.name, as: UTF8.self)
            return "subscriber \(name)\(named.isConnected ? "" : " (away)") is \(behind) events behind"
        }
        return "a subscriber without a name is \(unnamed) events behind"
    }

    /// Small rates have a digit behind the point, so that little is not nothing.
    private static func rate(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return value < 10 && !tenths.isMultiple(of: 10) ? "\(tenths / 10).\(tenths % 10)" : "\(Int(value.rounded()))"
    }
}
