// A GPX file (1.0 and 1.1) to fixes, one at a time. Tracks are read; waypoints and routes are plans, not recordings, and are passed over.

/// Reads the points of the tracks of one GPX file.
///
/// The user is the track's `<name>`, else the file's name; two tracks of one name are one user. Accuracy comes only from `<acc>` or
/// `<accuracy>` in a point's `<extensions>`, in metres. `<hdop>` is left alone: it says how the satellites stand, not how many
/// metres a position is off, and a factor to turn it into metres would be made up.
package struct GPXReader: ~Copyable {
    package enum Record: Equatable, Sendable {
        /// The line is that of its `<trkpt>`, from 1.
        case point(TrackPoint, line: Int)
        /// A point that is no fix; the next record is read all the same.
        case bad(BadRecord, line: Int)
        /// Something that was passed over: a clause.
        case note(String, line: Int)
        /// The file is no GPX from here on. Nothing follows.
        case broken(BadRecord, line: Int)
    }

    /// Bytes that are kept of an element's text; no time, number or useful name is longer.
    static let textLimit = 4_096

    private var tokens: XMLTokenizer
    private var hasEnded = false
    private var places: [Place] = []
    private var isNoted: Set<Place> = []
    private let fileUser: String
    private var user: String
    private var track = -1
    private var pointsOfTrack = 0
    private var point = Point()
    /// The text of the field that is being read.
    private var text: [UInt8] = []

    /// Where in the file an element stands, as far as it matters.
    private enum Place: Hashable {
        case file
        case track
        case trackName
        case segment
        case point
        case time
        case extensions
        case accuracy
        case waypoint
        case route
        case elsewhere

        /// Whether its text is kept.
        var isField: Bool {
            switch self {
            case .trackName, .time, .accuracy: true
            case .file, .track, .segment, .point, .extensions, .waypoint, .route, .elsewhere: false
            }
        }
    }

    private struct Point {
        var line = 0
        var latitude: String?
        var longitude: String?
        var time: String?
        var accuracy: Double?
    }

    /// - Parameter source: may have a chunk at hand already.
    package init(_ source: consuming ByteSource) {
        fileUser = TrackName.user(ofFile: source.name)
        user = fileUser
        tokens = XMLTokenizer(source)
    }

    /// Whether a file is GPX by its name.
    package static func isNamed(_ fileName: String) -> Bool {
        let name = fileName.lowercased()
        return name.hasSuffix(".gpx") || name.hasSuffix(".gpx.gz")
    }

    /// Whether a file is XML by its first bytes, which no line of fixes has.
    package static func isContent(_ bytes: [UInt8]) -> Bool {
        let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        return body.first { !$0.isSpace } == UInt8(ascii: "<")
    }

    /// Bytes of the file read so far, and its size if it is one.
    package var progress: (read: Int64, size: Int64?) { tokens.progress }

    /// - Returns: `nil` at the end of the file.
    /// - Complexity: memory for one point, whatever the file holds.
    package mutating func next() throws(InputFault) -> Record? {
        guard !hasEnded else { return nil }
        do throws(XMLFault) {
            while true {
                switch try tokens.next() {
                case .open(let name, let attributes):
                    if let record = try open(name, attributes) { return record }
                case .text:
                    if places.last?.isField == true { text.append(contentsOf: tokens.text.prefix(Self.textLimit - text.count)) }
                case .close:
                    if let record = try close() { return record }
                case .end:
                    hasEnded = true
                    return nil
                }
            }
        } catch {
            hasEnded = true
            switch error {
            case .input(let fault): throw fault
            case .malformed(let why, let line): return .broken(BadRecord(why: why), line: line)
            }
        }
    }

    // MARK: - Elements

    private mutating func open(_ name: String, _ attributes: [XMLTokenizer.Attribute]) throws(XMLFault) -> Record? {
        // Prefixes differ from file to file, and say nothing that the place does not.
        let local = name.utf8.contains(UInt8(ascii: ":")) ? name.split(separator: ":").last.map(String.init) ?? name : name
        let place = try place(of: local)
        places.append(place)
        if place.isField { text.removeAll(keepingCapacity: true) }
        switch place {
        case .track:
            track += 1
            pointsOfTrack = 0
            user = fileUser
        case .point:
            func value(_ key: String) -> String? { attributes.first { $0.name == key }?.value }
            point = Point(line: tokens.tokenLine, latitude: value("lat"), longitude: value("lon"))
        case .waypoint: return note(once: place, "waypoints (<wpt>) are no recorded fixes, and are passed over")
        case .route: return note(once: place, "routes (<rte>) are no recorded fixes, and are passed over")
        case .file, .trackName, .segment, .time, .extensions, .accuracy, .elsewhere: break
        }
        return nil
    }

    private func place(of name: String) throws(XMLFault) -> Place {
        switch (places.last, name) {
        case (nil, "gpx"): return .file
        case (nil, _):
            throw .malformed(why: "the outermost element is <\(name.terminalSafe)>, must be <gpx>", line: tokens.tokenLine)
        case (.file, "trk"): return .track
        case (.file, "wpt"): return .waypoint
        case (.file, "rte"): return .route
        case (.track, "name"): return .trackName
        case (.track, "trkseg"): return .segment
        case (.segment, "trkpt"): return .point
        case (.point, "time"): return .time
        case (.point, "extensions"): return .extensions
        case (.extensions, "acc"), (.extensions, "accuracy"): return .accuracy
        // Vendors wrap what they add in elements of their own.
        case (.extensions, _): return .extensions
        case (_?, _): return .elsewhere
        }
    }

    private mutating func note(once place: Place, _ text: String) -> Record? {
        isNoted.insert(place).inserted ? .note(text, line: tokens.tokenLine) : nil
    }

    private mutating func close() throws(XMLFault) -> Record? {
        guard let place = places.popLast() else { return nil }
        switch place {
        case .trackName: return try nameTrack()
        case .time:
            let text = try fieldText("time")
            if point.time == nil { point.time = text }
        case .accuracy:
            let accuracy = Self.decimal(try fieldText("accuracy"))
            // What recorders write where they know none (-1, an empty element) is none.
            if let accuracy, accuracy >= 0, point.accuracy == nil { point.accuracy = accuracy }
        case .point: return finishPoint()
        case .file, .track, .segment, .extensions, .waypoint, .route, .elsewhere: break
        }
        return nil
    }

    private mutating func nameTrack() throws(XMLFault) -> Record? {
        let name = TrackName.user(of: try fieldText("name"))
        guard pointsOfTrack == 0 else {
            return .note("the name of a track comes after its points, which are taken as those of \(user)", line: tokens.tokenLine)
        }
        user = name ?? fileUser
        return nil
    }

    /// The text of a field without white space round it.
    private func fieldText(_ name: String) throws(XMLFault) -> String {
        // What was cut may be cut within a character, and is no time or number either way.
        if text.count == Self.textLimit { return String(decoding: text, as: UTF8.self) }
        guard let text = String(validating: text, as: UTF8.self) else {
            throw .malformed(why: "the text of <\(name)> is not UTF-8", line: tokens.tokenLine)
        }
        return text.trimmedLines
    }

    // MARK: - Points

    private mutating func finishPoint() -> Record {
        pointsOfTrack += 1
        do throws(BadRecord) {
            let latitude = try Self.degrees(point.latitude, "lat", -90...90)
            let longitude = try Self.degrees(point.longitude, "lon", -180...180)
            guard let time = point.time, !time.isEmpty else {
                throw BadRecord(why: "the point at lat \(latitude), lon \(longitude) has no time, so it is no fix")
            }
            let point = TrackPoint(
                user: user, latitude: latitude, longitude: longitude, time: try Self.time(time), accuracy: point.accuracy, track: track)
            return .point(point, line: self.point.line)
        } catch {
            return .bad(error, line: point.line)
        }
    }

    private static func degrees(_ text: String?, _ key: String, _ range: ClosedRange<Double>) throws(BadRecord) -> Double {
        guard let text else { throw BadRecord(why: "the point has no \(key)") }
        guard let value = decimal(text.trimmedLines) else { throw BadRecord(why: "\(key) is \"\(shown(text))\", must be a number") }
        guard range.contains(value) else {
            throw BadRecord(why: "\(key) is \(shown(text)), must be within \(Int(range.lowerBound)) and \(Int(range.upperBound))")
        }
        return value
    }

    private static func time(_ text: String) throws(BadRecord) -> Int64 {
        guard let time = TrackTime.milliseconds(text) else {
            throw BadRecord(why: "time is \"\(shown(text))\", must be like 2024-05-01T12:34:56Z")
        }
        guard time >= 0 else { throw BadRecord(why: "time is \(shown(text)), must not be before 1970") }
        return time
    }

    /// A number as XML Schema writes decimals, and exponents; not what else `Double` reads (`inf`, `0x1p3`).
    private static func decimal(_ text: String) -> Double? {
        let allowed = "0123456789+-.eE"
        guard text.utf8.allSatisfy({ allowed.utf8.contains($0) }), let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// Text of the file as it may stand in a sentence.
    private static func shown(_ text: String) -> String {
        let text = text.terminalSafe
        return text.count <= 80 ? text : text.prefix(77) + "..."
    }
}

extension String {
    /// Without spaces, tabs and ends of lines at either end.
    fileprivate var trimmedLines: String {
        guard utf8.first?.isSpace == true || utf8.last?.isSpace == true else { return self }
        var bytes = Array(utf8)[...]
        while bytes.first?.isSpace == true { bytes.removeFirst() }
        while bytes.last?.isSpace == true { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
