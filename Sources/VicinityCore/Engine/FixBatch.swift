/// One decoded line of a gateway that is in itself well formed.
///
/// A plain value of fixed size: a batch of them is one array, and the id is a range of the batch's arena.
public struct Fix: Sendable {
    public enum Kind: UInt8, Sendable {
        /// A user's position.
        case user
        /// A moving subject's position.
        case subject
        /// A user signed off; position, accuracy and radius mean nothing.
        case gone
    }

    public var kind: Kind
    /// Bytes of the id, 1 to 128.
    public var idLength: UInt8
    /// Where the id begins in ``FixBatch/ids``.
    public var idOffset: UInt32
    /// The line's place in its batch: line number = ``FixBatch/firstLine`` + this.
    public var line: UInt32
    /// In units of 1e-7 degree; see ``Coordinate``.
    public var latitude: Int32
    public var longitude: Int32
    /// ``IDHasher`` of the id.
    public var hash: UInt64
    /// Unix milliseconds, 0 to 2^53 − 1; ``absentTime`` if the line brought none.
    public var time: Int64
    /// Metres, ≥ 0; 0 is *unknown*, and so is an absent one.
    public var accuracy: Double
    /// Metres; 0 if the line brought none.
    public var radius: Double

    public static let absentTime: Int64 = -1

    public init(
        kind: Kind, idOffset: UInt32, idLength: UInt8, line: UInt32, hash: UInt64,
        latitude: Int32 = 0, longitude: Int32 = 0, time: Int64 = Fix.absentTime, accuracy: Double = 0, radius: Double = 0
    ) {
        self.kind = kind
        self.idOffset = idOffset
        self.idLength = idLength
        self.line = line
        self.hash = hash
        self.latitude = latitude
        self.longitude = longitude
        self.time = time
        self.accuracy = accuracy
        self.radius = radius
    }
}

/// Why one line changed nothing, in the contract's words and in its order of precedence.
public enum LineErrorCode: String, Sendable, CaseIterable {
    case lineTooLong = "line_too_long"
    case badUTF8 = "bad_utf8"
    case badJSON = "bad_json"
    case missingKey = "missing_key"
    case badType = "bad_type"
    case badID = "bad_id"
    case badLatitude = "bad_latitude"
    case badLongitude = "bad_longitude"
    case badAccuracy = "bad_accuracy"
    case badRadius = "bad_radius"
    case badTimestamp = "bad_timestamp"
    case unknownSubject = "unknown_subject"
    case futureFix = "future_fix"
    case radiusTooSoon = "radius_too_soon"
}

/// An error that concerns one line; an answer to the gateway, not a fault of the daemon.
public struct LineError: Sendable, Equatable {
    /// The line's place in its batch.
    public var line: UInt32
    public var code: LineErrorCode
    /// One sentence for the gateway's developer: key, value, what was expected.
    public var message: String

    public init(line: UInt32, code: LineErrorCode, message: String) {
        self.line = line
        self.code = code
        self.message = message
    }
}

/// What one read of one connection brought: lines as fixes, and the errors of those that are none.
public struct FixBatch: Sendable {
    /// The connection that sent it.
    public var source: UInt64
    /// The number of the batch's first line on its connection, counted from 1.
    public var firstLine: UInt64
    /// Lines dealt with, empty and bad ones included.
    public var lineCount: UInt32 = 0
    /// In the order of the lines.
    public var fixes: [Fix] = []
    /// The ids of all fixes, one after the other.
    public var ids: [UInt8] = []
    /// In the order of the lines.
    public var errors: [LineError] = []

    public init(source: UInt64, firstLine: UInt64) {
        self.source = source
        self.firstLine = firstLine
    }

    /// Empties the batch for reuse and keeps its storage.
    public mutating func reset(source: UInt64, firstLine: UInt64) {
        self.source = source
        self.firstLine = firstLine
        lineCount = 0
        fixes.removeAll(keepingCapacity: true)
        ids.removeAll(keepingCapacity: true)
        errors.removeAll(keepingCapacity: true)
    }
}
