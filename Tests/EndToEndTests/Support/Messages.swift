import Foundation
import Testing
import VicinityClient

/// What a gateway is told.
enum Answer: Equatable {
    case ack(Int64)
    case error(line: Int64, code: String)
    case errors(from: Int64, to: Int64, count: Int64)

    init(_ line: String) throws {
        let json = try JSONValue(parsing: line)
        if let ack = json["ack"]?.integer {
            self = .ack(ack)
        } else if let error = json["error"], let line = error["line"]?.integer, let code = error["code"]?.string {
            #expect(error["message"]?.string?.isEmpty == false, "an error says why")
            self = .error(line: line, code: code)
        } else if let errors = json["errors"], let from = errors["from"]?.integer, let to = errors["to"]?.integer,
            let count = errors["count"]?.integer
        {
            self = .errors(from: from, to: to, count: count)
        } else {
            throw Failure("no answer of ingest.sock: \(line)")
        }
    }
}

extension [Answer] {
    /// Errors told one by one.
    var errors: [Answer] {
        filter { if case .error = $0 { true } else { false } }
    }

    /// How many bad lines were told of, one by one or summed up.
    var badLines: Int64 {
        reduce(0) { sum, answer in
            switch answer {
            case .ack: sum
            case .error: sum + 1
            case .errors(_, _, let count): sum + count
            }
        }
    }

    /// Acks ascend, errors come in order of their lines and before the ack that covers them, and the last word is the ack of `lines`.
    ///
    /// Summed up ones are exempt from the second, for they wait for the end of the second; but not from the last.
    func expectOrder(lines: Int64, sourceLocation: SourceLocation = #_sourceLocation) {
        var acked: Int64 = -1
        var reported: Int64 = 0
        for (place, answer) in enumerated() {
            switch answer {
            case .ack(let line):
                // The final ack is sent in any case, also if an earlier one said the same.
                #expect(line > acked || line == acked && place == count - 1, "acks ascend", sourceLocation: sourceLocation)
                acked = line
            case .error(let line, _):
                #expect(
                    line > reported && line > acked, "an error comes before its ack, and after earlier ones", sourceLocation: sourceLocation
                )
                reported = line
            case .errors(let from, let to, let count):
                #expect(from > reported && to >= from && count <= to - from + 1 && count > 0, "\(answer)", sourceLocation: sourceLocation)
                reported = to
            }
        }
        #expect(last == .ack(lines), "the final ack", sourceLocation: sourceLocation)
    }
}

/// One event as a subscriber gets it.
///
/// Read by Foundation, which shares nothing with the daemon, and is quick where there are many.
struct Event: Equatable, Decodable {
    var seq: Int64
    var type: String
    var user: String
    var subject: String
    var kind: String?
    var time: Int64
    var cause: String
    var within: Double?
    var encounter: Int64?
    var lasted: Int64?

    enum CodingKeys: String, CodingKey {
        case seq, type, user, subject, kind
        case time = "ts"
        case cause, within, encounter, lasted
    }

    init(_ line: String) throws {
        do {
            self = try JSONDecoder().decode(Event.self, from: Data(line.utf8))
        } catch {
            throw Failure("no event: \(line)")
        }
    }

    /// What happened to whom, and when.
    var summary: String { "\(type) \(user) \(subject) \(time - noon) \(cause)" }
}

/// What every log must be: numbered without a hole, and for each pair a strict alternation, each leave closing the enter before it.
func expectSound(_ events: [Event], first: Int64 = 1, sourceLocation: SourceLocation = #_sourceLocation) {
    var open: [String: Event] = [:]
    for (place, event) in events.enumerated() {
        #expect(event.seq == first + Int64(place), "a hole", sourceLocation: sourceLocation)
        let pair = "\(event.user) \(event.subject)"
        if event.type == "enter" {
            #expect(open[pair] == nil, "a second enter: \(event)", sourceLocation: sourceLocation)
            open[pair] = event
        } else {
            let enter = open.removeValue(forKey: pair)
            #expect(event.encounter == enter?.seq, "\(event) closes \(String(describing: enter))", sourceLocation: sourceLocation)
            #expect(event.lasted == enter.map { max(0, event.time - $0.time) }, "\(event)", sourceLocation: sourceLocation)
        }
    }
}
