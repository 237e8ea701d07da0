import VicinityConfiguration
import VicinityCore
import VicinityPipeline
import VicinityWire

// `map`: how many users and subjects are where, as far as it may be told; see decision 0072.

extension ControlService {
    func map(_ params: JSONElement?, _ finish: @escaping Finish) throws(ControlFailure) {
        let request = try MapRequest(params)
        map.look(
            floor: { [settings] in settings.configuration.privacy.mapFloor }, now: { .present }, count: { inbox.put(.census($0)) },
            apart: { offLoop($0, otherwise: $1) },
            { sheet in
                guard let sheet else { return finish(.failure(.internalError("the daemon is stopping"))) }
                // Which takes some milliseconds where there is much.
                offLoop(finish) {
                    do throws(ControlFailure) {
                        finish(.success(sheet.json(of: try request.window(of: sheet.release))))
                    } catch {
                        finish(.failure(error))
                    }
                }
            })
    }
}

/// What a request for the map asks for.
struct MapRequest: Sendable {
    /// At the finest level; `nil` is where the subjects are.
    let bounds: MapWindow?
    /// `nil` is the finest that is told of at once.
    let level: Int?

    init(_ params: JSONElement?) throws(ControlFailure) {
        let names: [StaticString] = ["west", "south", "east", "north"]
        let levels = 0...Int64(MapCell.finest)
        if let element = params?[key: "level"] {
            guard let number = element.integer, levels.contains(number) else {
                throw .badValue("level", "must be an integer, 0 to \(MapCell.finest)")
            }
            level = Int(number)
        } else {
            level = nil
        }
        guard names.contains(where: { params?[key: $0] != nil }) else {
            bounds = nil
            return
        }
        let (west, east) = (try Self.degrees(params, "west", 180), try Self.degrees(params, "east", 180))
        let (south, north) = (try Self.degrees(params, "south", 90), try Self.degrees(params, "north", 90))
        guard south <= north else { throw .badValue("north", "is south of `south`") }
        bounds = MapWindow(west: west, south: south, east: east, north: north)
    }

    private static func degrees(_ params: JSONElement?, _ key: StaticString, _ greatest: Double) throws(ControlFailure) -> Double {
        guard let element = params?[key: key] else { throw .badValue("\(key)", "is missing; there must be all four edges or none") }
        guard let value = element.double, (-greatest...greatest).contains(value) else {
            let limit = Int(greatest)
            throw .badValue("\(key)", "must be a number of degrees, -\(limit) to \(limit)")
        }
        return value
    }

    /// The cells that are told of.
    ///
    /// - Throws: `bad_value` if they are too many at the level that was asked for.
    func window(of release: MapRelease) throws(ControlFailure) -> MapWindow {
        let all = bounds ?? release.extent ?? .world
        guard let level else { return all.fitted }
        let window = all.coarsened(to: level)
        guard window.count <= MapWindow.greatest else {
            throw .badValue(
                "level", "asks for \(window.count) cells, more than \(MapWindow.greatest); ask for less of the world, or a lower level")
        }
        return window
    }
}

extension MapBoard.Sheet {
    fileprivate func json(of window: MapWindow) -> [UInt8] {
        ControlService.object { writer in
            writer.member("level", window.level)
            writer.member("west", window.west)
            writer.member("south", window.south)
            writer.member("east", window.east)
            writer.member("north", window.north)
            writer.member("floor", release.floor)
            writer.member("ts", time.wall)
            writer.key("cells")
            writer.array { writer in for cell in release.cells(in: window) { cell.write(to: &writer) } }
        }
    }
}

extension MapRelease.Cell {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("x", cell.x)
            writer.member("y", cell.y)
            if let users { writer.member("users", users) }
            writer.key("kinds")
            writer.object { writer in
                for kind in kinds { writer.member(String(decoding: kind.kind, as: UTF8.self), kind.count) }
            }
        }
    }
}
