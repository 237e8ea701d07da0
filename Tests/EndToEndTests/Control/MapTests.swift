import Foundation
import Testing
import VicinityClient

@Suite("Control: the map")
struct MapTests {
    private static let beijing = (latitude: 39.9042, longitude: 116.4074)
    private static let around = "{\"west\":116.3,\"south\":39.8,\"east\":116.5,\"north\":40,\"level\":14}"

    private func users(_ numbers: Range<Int>, _ latitude: Double, _ longitude: Double, _ more: String = "") -> [String] {
        numbers.map { fix("u-\($0)", latitude, longitude, 0, more) }
    }

    @Test("It counts users by groups and subjects by kind, and says nothing of those who are too few")
    func counts() throws {
        let daemon = try Daemon.running()
        let (latitude, longitude) = Self.beijing
        try daemon.put(["s-1", "s-2"], latitude: latitude, longitude: longitude)
        try daemon.put(["s-3"], kind: "bus", latitude: latitude, longitude: longitude)
        try daemon.put(["s-4"], kind: "bus", latitude: latitude, longitude: longitude)
        try daemon.result("subjects.suspend", #"{"id":"s-4","reason":"a test"}"#)
        try daemon.ingest(users(0..<27, latitude, longitude) + users(100..<109, 39.95, 116.45))
        let map = try daemon.result("map", Self.around)
        #expect(map.members?.map(\.key) == ["level", "west", "south", "east", "north", "floor", "ts", "cells"])
        #expect(map["level"]?.integer == 14 && map["floor"]?.integer == 10)
        #expect(map["cells"]?.text == #"[{"x":13489,"y":6208,"users":20,"kinds":{"bus":1,"toll":2}}]"#)
        let west = try #require(map["west"]?.double)
        #expect(west <= 116.3 && west > 116.27)
        // The nine are too few in every cell of theirs, and beside the others they are none.
        let world = try daemon.result("map", #"{"west":-180,"south":-90,"east":180,"north":90,"level":0}"#)
        #expect(world["cells"]?.text == #"[{"x":0,"y":0,"users":20,"kinds":{"bus":1,"toll":2}}]"#)
        // Its own edges, and none, give what there is.
        let bounds = ["west", "south", "east", "north"].map { "\"\($0)\":\(map[$0]?.text ?? "")" }.joined(separator: ",")
        #expect(try daemon.result("map", "{\(bounds),\"level\":14}").text == map.text)
        #expect(try daemon.result("map")["cells"]?.text == map["cells"]?.text)
    }

    @Test("Too few look like nobody, to the byte")
    func floor() throws {
        let daemon = try Daemon.running()
        try daemon.ingest(users(0..<9, Self.beijing.latitude, Self.beijing.longitude))
        #expect(try daemon.result("map", Self.around)["cells"]?.text == "[]")
        // Nobody counts again so soon, so that nobody sees one come.
        try daemon.ingest(users(9..<10, Self.beijing.latitude, Self.beijing.longitude))
        #expect(try daemon.result("map", Self.around)["cells"]?.text == "[]")
        // With another floor it is counted at once.
        try daemon.write(config: Daemon.plain + "  map_floor: 5\n")
        try daemon.result("config.reload")
        #expect(try daemon.result("map", Self.around)["cells"]?.text.contains("\"users\":10") == true)
        try daemon.write(config: Daemon.plain + "  map_floor: 0\n")
        try daemon.result("config.reload")
        let none = try daemon.result("map", Self.around)
        #expect(none["cells"]?.text == "[]" && none["floor"]?.integer == 0)
    }

    @Test("An empty register is the whole world; a level that fits is chosen")
    func bounds() throws {
        let daemon = try Daemon.running()
        let world = try daemon.result("map")
        #expect(world["level"]?.integer == 6 && world["west"]?.double == -180 && world["east"]?.double == 180)
        #expect(abs((world["north"]?.double ?? 0) - 85.0511287) < 1e-6 && world["cells"]?.text == "[]")
        let across = try daemon.result("map", #"{"west":170,"south":-20,"east":-170,"north":-10,"level":6}"#)
        #expect(across["west"]?.double == 168.75 && across["east"]?.double == -168.75)
    }

    @Test(
        "What is wrong is told with its place",
        arguments: [
            (#"{"west":1}"#, "east"), (#"{"west":1,"east":2,"south":1,"north":0}"#, "north"),
            (#"{"west":181,"east":2,"south":0,"north":1}"#, "west"),
            (#"{"west":"a","east":2,"south":0,"north":1}"#, "west"), (#"{"west":0,"east":1,"south":-91,"north":1}"#, "south"),
            (#"{"level":15}"#, "level"), (#"{"level":-1}"#, "level"), (#"{"level":1.5}"#, "level"), (#"{"level":7}"#, "level"),
            (#"{"west":0,"east":20,"south":0,"north":20,"level":14}"#, "level"), (#"{"west":0,"east":1,"south":0,"north":1e400}"#, "north"),
        ])
    func badValues(params: String, at place: String) throws {
        let daemon = try Daemon.running()
        let error = try daemon.call("map", params)["error"]
        #expect(error?["code"]?.integer == -32602 && error?["data"]?["code"]?.string == "bad_value", "\(params)")
        #expect(error?["data"]?["at"]?.string == place, "\(params)")
    }

    @Test("Many who ask at once are all answered, by one count")
    func together() throws {
        let daemon = try Daemon.running()
        try daemon.ingest(users(0..<500, Self.beijing.latitude, Self.beijing.longitude))
        let sockets = try (0..<20).map { _ in try daemon.connect("control") }
        for socket in sockets { try socket.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"map\",\"params\":\(Self.around)}\n") }
        let answers = try sockets.map { try $0.nextLine() }
        #expect(Set(answers).count == 1 && answers[0].contains("\"users\":500"), "\(answers[0])")
    }

    @Test("The program draws what the daemon says")
    func drawn() throws {
        let daemon = try Daemon.running()
        let (latitude, longitude) = Self.beijing
        try daemon.put(["s-1", "s-2"], latitude: latitude, longitude: longitude)
        try daemon.ingest(users(0..<60, latitude, longitude, ",\"radius\":3000"))
        func run(_ arguments: String...) throws -> (ending: Ending, text: String) {
            let output = "\(daemon.directory)/output"
            let program = try Program(
                Program.path(of: "vicinityctl"), arguments: ["map", "--socket-dir", daemon.runtimePath] + arguments,
                log: "\(daemon.directory)/errors", output: output)
            let ending = try program.wait()
            return (ending, try String(contentsOfFile: output, encoding: .utf8))
        }
        let (ending, text) = try run("--user", "u-5", "--width", "20km")
        #expect(ending == .exited(0))
        #expect(text.contains("T toll 2") && text.contains("@ u-5 3 km") && text.contains("T2"), "\(text)")
        let entries = try daemon.result("audit.list")["entries"]?.array ?? []
        #expect(entries.count { $0["method"]?.string == "users.get" } == 1)
        let svg = "\(daemon.directory)/map.svg"
        #expect(try run("--svg", svg).ending == .exited(0))
        #expect(try String(contentsOfFile: svg, encoding: .utf8).contains("50 users or more; toll: 2"))
        // Whoever looks without a user's name leaves no trace, as with other numbers.
        #expect(try daemon.result("audit.list")["entries"]?.array?.count == entries.count)
    }
}
