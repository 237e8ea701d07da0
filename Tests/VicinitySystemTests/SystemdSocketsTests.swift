import Testing

@testable import VicinitySystem

struct SystemdSocketsTests {
    private let expected = ["ingest", "events", "control"]

    @Test func namesAreMatchedInAnyOrder() throws {
        let sockets = try SystemdSockets.match(["control", "ingest", "events"], expected: expected)
        #expect(sockets == SystemdSockets(listening: ["control": 3, "ingest": 4, "events": 5], kept: [:]))
    }

    @Test func whatWasKeptIsToldApartByItsName() throws {
        let names = ["ingest", "ingest-0123456789abcdef-1", "events", "control", "events-x", "ingest-0123456789abcdef-1"]
        #expect(
            try SystemdSockets.match(names, expected: expected)
                == SystemdSockets(
                    listening: ["ingest": 3, "events": 5, "control": 6], kept: ["ingest-0123456789abcdef-1": [4, 8], "events-x": [7]]))
        #expect(throws: SystemdSockets.Problem.unknown(names: ["ping-1"], expected: expected)) {
            try SystemdSockets.match(["ingest", "events", "control", "ping-1"], expected: expected)
        }
    }

    @Test func mistakesInTheUnitsAreNamed() {
        #expect(throws: SystemdSockets.Problem.missing(names: ["events", "control"])) {
            try SystemdSockets.match(["ingest"], expected: expected)
        }
        #expect(throws: SystemdSockets.Problem.unknown(names: ["ping"], expected: expected)) {
            try SystemdSockets.match(["ingest", "ping", "control"], expected: expected)
        }
        #expect(throws: SystemdSockets.Problem.twice(name: "ingest")) {
            try SystemdSockets.match(["ingest", "ingest"], expected: expected)
        }
        #expect(throws: SystemdSockets.Problem.unknown(names: ["\"\""], expected: expected)) {
            try SystemdSockets.match([""], expected: expected)
        }
    }

    @Test func theSentenceSaysWhatToDo() {
        #expect(
            "\(SystemdSockets.Problem.unknown(names: ["ping"], expected: expected))"
                == "systemd passed a socket named ping, must be one of ingest, events, control (FileDescriptorName= of the socket units)")
    }
}
