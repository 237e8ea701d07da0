import VicinityCore

/// A line that a gateway has to deliver.
struct ClientLine {
    /// What the contract makes of a line.
    enum Reading {
        case blank
        case good(Line)
        case bad(LineErrorCode)
    }

    /// With the line feed.
    let bytes: [UInt8]
    let reading: Reading
    /// Whether it was dealt with in a commit that is durable.
    var isDurable = false
    /// Whether it was then accepted, or stale: such a line changes nothing when it comes again.
    var wasTaken = false

    init(_ bytes: [UInt8], _ reading: Reading) {
        self.bytes = bytes
        self.reading = reading
    }
}

/// The lines of one gateway, whatever connection they go over.
final class ClientLines {
    /// In the order in which the gateway got them.
    var all: [ClientLine] = []
}
