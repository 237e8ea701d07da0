import Foundation
import Testing

@testable import VicinityClient

/// What a daemon would say of a small town: Beijing, with a bus on the antimeridian.
struct MapDaemon: Sendable {
    struct Place: Sendable {
        var latitude: Double
        var longitude: Double
        var users: Int64 = 0
        var kind = "toll"
        var subjects: Int64 = 0
    }

    struct User: Sendable {
        var latitude: Double?
        var longitude: Double?
        var radius = 500.0
    }

    var floor: Int64 = 10
    var places = [
        Place(latitude: 39.9163, longitude: 116.3972, users: 6200, subjects: 3), Place(latitude: 39.93, longitude: 116.40, users: 730),
        Place(latitude: 39.90, longitude: 116.43, users: 64, kind: "bus_stop", subjects: 12),
        Place(latitude: 39.89, longitude: 116.36, users: 17, kind: "школа", subjects: 1),
        Place(latitude: 39.95, longitude: 116.44, users: 3, kind: "", subjects: 1),
        Place(latitude: 39.9163, longitude: 116.3973, kind: "bus_stop", subjects: 2),
        Place(latitude: 39.87, longitude: 116.33, kind: "toilet", subjects: 1), Place(latitude: 39.88, longitude: 116.45, users: 240),
    ]
    var users = [
        "u-17": User(latitude: 39.91, longitude: 116.41, radius: 1500), "ю-2": User(latitude: 39.89, longitude: 116.38), "away": User(),
    ]
    var time: Int64 = 1_732_290_000_123

    private static let bands: [Int64] = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]

    // MARK: - What is told

    /// - Parameters:
    ///   - edges: west, south, east, north; `nil` is where the subjects are.
    ///   - level: `nil` is the finest that fits.
    func map(_ edges: (west: Double, south: Double, east: Double, north: Double)? = nil, level: Int? = nil) throws -> MapAnswer {
        try #require(MapAnswer(JSONValue(parsing: text(edges, level: level))))
    }

    func model(
        _ edges: (west: Double, south: Double, east: Double, north: Double)? = nil, level: Int? = nil, users: [String] = []
    ) throws -> MapModel {
        var model = MapModel(try map(edges, level: level))
        for user in users {
            let halo = try MapHalo(JSONValue(parsing: text(user)))
            if let halo { model.halos.append(halo) } else { model.silent.append(user) }
        }
        return model
    }

    func text(_ edges: (west: Double, south: Double, east: Double, north: Double)?, level: Int?) -> String {
        let subjects = places.filter { $0.subjects > 0 }
        let (west, south, east, north) =
            edges ?? (
                subjects.map(\.longitude).min() ?? -180, subjects.map(\.latitude).min() ?? -80, subjects.map(\.longitude).max() ?? 180,
                subjects.map(\.latitude).max() ?? 80
            )
        func window(_ level: Int) -> (x: Int, columns: Int, y: Int, rows: Int) {
            let side = Double(1 << level)
            let first = Int((Mercator.x(west) * side + 1e-9).rounded(.down))
            let end = Int(((Mercator.x(east) + (east < west ? 1 : 0)) * side - 1e-9).rounded(.up))
            let top = Int((Mercator.y(north) * side + 1e-9).rounded(.down))
            let bottom = Int((Mercator.y(south) * side - 1e-9).rounded(.up))
            return (first, max(1, end - first), top, max(1, bottom - top))
        }
        let level = level ?? (0...14).last { window($0).columns * window($0).rows <= 4096 } ?? 0
        let (x, columns, y, rows) = window(level)
        let side = 1 << level
        var cells: [[Int]: (users: Int64, kinds: [String: Int64])] = [:]
        for place in places {
            let column = Int(Mercator.x(place.longitude) * Double(side))
            let row = Int(Mercator.y(place.latitude) * Double(side))
            guard (column - x + side) % side < columns, (y..<y + rows).contains(row) else { continue }
            cells[[row, column], default: (0, [:])].users += place.users
            if place.subjects > 0 { cells[[row, column], default: (0, [:])].kinds[place.kind, default: 0] += place.subjects }
        }
        let told = cells.sorted { $0.key.lexicographicallyPrecedes($1.key) }.compactMap { key, cell -> String? in
            let band = floor > 0 && cell.users >= floor ? Self.bands.last { $0 <= cell.users } : nil
            guard band != nil || !cell.kinds.isEmpty else { return nil }
            let kinds = cell.kinds.sorted { $0.key < $1.key }.map { "\(JSONValue.string($0.key).text):\($0.value)" }.joined(separator: ",")
            return "{\"x\":\(key[1]),\"y\":\(key[0]),\(band.map { "\"users\":\($0)," } ?? "")\"kinds\":{\(kinds)}}"
        }
        func longitude(_ column: Int) -> Double { Mercator.longitude(Double(column) / Double(side)) }
        func latitude(_ row: Int) -> Double { Mercator.latitude(Double(row) / Double(side)) }
        let end = x + columns > side ? x + columns - side : x + columns
        let bounds = [("west", longitude(x)), ("south", latitude(y + rows)), ("east", longitude(end)), ("north", latitude(y))]
            .map { "\"\($0.0)\":\(JSONValue.degrees($0.1).text)" }.joined(separator: ",")
        return "{\"level\":\(level),\(bounds),\"floor\":\(floor),\"ts\":\(time),\"cells\":[\(told.joined(separator: ","))]}"
    }

    func text(_ user: String) -> String {
        let found = users[user]
        let position = found?.latitude.flatMap { latitude in found?.longitude.map { "\"lat\":\(latitude),\"lon\":\($0)," } } ?? ""
        let id = JSONValue.string(user).text
        return "{\"user\":\(id),\"ts\":1732289990000,\"radius\":\(found?.radius ?? 0),\(position)\"inside\":[]}"
    }

    /// Answers a request as the daemon does; of other methods than those two it knows nothing.
    func answer(to line: String) -> String {
        let request = try? JSONValue(parsing: line)
        let id = request?["id"]?.text ?? "null"
        let params = request?["params"]
        func said(_ result: String) -> String { "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":\(result)}" }
        switch request?["method"]?.string {
        case "map":
            var edges: (west: Double, south: Double, east: Double, north: Double)?
            if let west = params?["west"]?.double, let south = params?["south"]?.double, let east = params?["east"]?.double,
                let north = params?["north"]?.double
            {
                edges = (west, south, east, north)
            }
            return said(text(edges, level: params?["level"]?.integer.map { Int($0) }))
        case "users.get" where users[params?["user"]?.string ?? ""] != nil && params?["position"]?.bool == true:
            return said(text(params?["user"]?.string ?? ""))
        case "users.get":
            return
                #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32000,"message":"there is no such user","data":{"code":"unknown_user"}}}"#
        case let other: return #"{"jsonrpc":"2.0","id":\#(id),"error":{"code":-32601,"message":"no method \#(other ?? "")"}}"#
        }
    }
}
