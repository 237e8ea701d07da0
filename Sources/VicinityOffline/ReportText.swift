// A report on one screen, and as JSON for programs.

internal import VicinityWire

extension Report {
    /// Figures, what is wrong, and the verdict as the last line.
    package var text: String {
        var rows = [("directory", directory), ("daemon", daemon), ("log", log), ("schema", "\(figures.schema)")]
        rows.append(("size", byteText(figures.bytes)))
        rows.append(("events", events))
        rows.append(("users", figures.users.map { grouped($0) } ?? unknown))
        rows.append(("pairs inside", figures.pairs.map { grouped($0) } ?? unknown))
        rows.append(("subjects", grouped(figures.subjects)))
        rows.append(("sign-offs", grouped(figures.signOffs)))
        rows.append(("cursors", grouped(figures.cursors)))
        let lines = rows.map { label, text in label.padded(to: 14) + text }
        return (lines + told).joined(separator: "\n")
    }

    /// The same without what only a whole examination knows.
    package var logText: String {
        let rows = [("directory", directory), ("daemon", daemon), ("log", log), ("events", events)]
        return (rows.map { label, text in label.padded(to: 14) + text } + told).joined(separator: "\n")
    }

    private var told: [String] {
        var lines = [""]
        lines += findings.lines { "\($0.part.rawValue): \($0.what); \($0.meaning)" }
        lines += notes.map { "note: \($0)" }
        switch verdict {
        case .sound: lines.append("sound")
        case .damaged:
            lines.append(
                "damaged: \(counted(findings.count, "fault")). `vicinityctl doctor \(directory) --salvage NEW_DIR` saves what can be saved")
        }
        return lines
    }

    private var daemon: String {
        switch lock {
        case .free: "none works on it"
        case .held(let process): "\(process.map { "pid \($0)" } ?? "one") works on it; this is its last commit"
        }
    }

    private var log: String {
        var words = [figures.logID ?? "of an id that is lost"]
        if let commit = figures.commit { words.append("commit \(grouped(commit))") }
        if lock == .free { words.append(figures.wasClean ? "closed well" : "not closed: the daemon was killed, or the machine") }
        return words.joined(separator: ", ")
    }

    private var events: String {
        guard let head = figures.head else { return "\(grouped(figures.events)) that can be read" }
        guard head > 0 else { return "none yet" }
        let range = figures.oldest.map { $0 > head ? "none is kept" : "oldest #\($0)" } ?? "oldest unknown"
        return "\(grouped(figures.events)) in \(counted(figures.blocks, "block")), \(range), head #\(head)"
    }

    private var unknown: String { "unknown, since the state cannot be put together" }

    /// One object; the verdict is `sound` or `damaged`.
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("verdict", verdict.rawValue)
            writer.member("directory", directory)
            writer.key("daemon")
            writer.object { writer in
                writer.member("running", lock != .free)
                if case .held(let process?) = lock { writer.member("pid", process) }
            }
            writer.key("figures")
            writer.object { writer in figures.write(to: &writer) }
            writer.key("findings")
            writer.array { writer in
                for finding in findings.list { finding.write(to: &writer) }
            }
            writer.member("findings_not_listed", findings.count - findings.list.count)
            writer.key("notes")
            writer.array { writer in
                for note in notes { writer.value(note) }
            }
        }
        return writer.bytes
    }
}

extension Unexaminable {
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("verdict", "unexaminable")
            writer.member("why", description)
        }
        return writer.bytes
    }
}

extension Finding {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("part", part.rawValue)
            writer.member("what", what)
            if !meaning.isEmpty { writer.member("meaning", meaning) }
        }
    }
}

extension Figures {
    /// The members of an object; what is unknown is left out.
    func write(to writer: inout JSONWriter) {
        if let logID { writer.member("log", logID) }
        writer.member("schema", schema)
        writer.member("bytes", bytes)
        writer.member("closed_well", wasClean)
        writer.member("backup", isBackup)
        if let commit { writer.member("commit", commit) }
        if let head { writer.member("head", head) }
        if let oldest { writer.member("oldest", oldest) }
        writer.member("events", events)
        writer.member("blocks", blocks)
        if let users { writer.member("users", users) }
        if let pairs { writer.member("pairs_inside", pairs) }
        writer.member("subjects", subjects)
        writer.member("sign_offs", signOffs)
        writer.member("cursors", cursors)
    }
}
