// What a salvage has come to, in words and as JSON.

internal import VicinityWire

extension SalvageReport {
    /// What was saved, what was not, and what to do next.
    package var text: String {
        var lines = ["saved in \(target):"]
        lines.append("  \(events)")
        lines.append(
            "  \(counted(saved.users ?? 0, "user")) with \(counted(saved.pairs ?? 0, "pair")) inside, \(counted(saved.subjects, "subject"))"
        )
        lines.append("  \(counted(saved.signOffs, "sign-off")), \(counted(saved.cursors, "cursor"))")
        if closed > 0 {
            lines.append("  \(counted(closed, "encounter")) of lost users and subjects closed by a leave at the end of the log")
        }
        lines.append(
            isNewLog
                ? "it is another log, \(logID): seqs after the last one that was saved get another meaning, and every cursor is void"
                : "it goes on as log \(logID)")
        if isWhole {
            lines.append("nothing is lost")
        } else {
            lines.append("lost:")
            lines += losses.lines { "  \($0.part.rawValue): \($0.what)" }
            if lostUsers.count > 0 { lines.append("  users: \(users)") }
        }
        lines.append("to use it: stop vicinityd, move \(source) away, put \(target) in its place, start")
        return lines.joined(separator: "\n")
    }

    private var events: String {
        guard saved.events > 0, let oldest = saved.oldest, let head = saved.head else { return "no events" }
        return "\(counted(saved.events, "event")), oldest #\(oldest), head #\(head)"
    }

    private var users: String {
        let named = lostUsers.ids.prefix(20).map { String(decoding: $0, as: UTF8.self) }
        let rest = lostUsers.count - named.count
        let known = named.joined(separator: ", ")
        if named.isEmpty { return "\(grouped(rest)) whose ids are lost" }
        return "\(counted(lostUsers.count, "user")): \(known)\(rest > 0 ? " and \(grouped(rest)) more" : "")"
    }

    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("target", target)
            writer.member("log", logID)
            writer.member("new_log", isNewLog)
            writer.key("saved")
            writer.object { writer in
                writer.member("events", saved.events)
                if let oldest = saved.oldest { writer.member("oldest", oldest) }
                if let head = saved.head { writer.member("head", head) }
                writer.member("users", saved.users ?? 0)
                writer.member("pairs_inside", saved.pairs ?? 0)
                writer.member("subjects", saved.subjects)
                writer.member("sign_offs", saved.signOffs)
                writer.member("cursors", saved.cursors)
            }
            writer.member("encounters_closed", closed)
            writer.key("lost")
            writer.object { writer in
                writer.member("users", lostUsers.count)
                writer.key("user_ids")
                writer.array { writer in
                    for id in lostUsers.ids { writer.value(utf8: id) }
                }
                writer.key("parts")
                writer.array { writer in
                    for loss in losses.list { loss.write(to: &writer) }
                }
                writer.member("not_listed", losses.count - losses.list.count)
            }
        }
        return writer.bytes
    }
}
