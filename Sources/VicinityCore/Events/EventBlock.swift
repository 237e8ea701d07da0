// How events lie on disk and in memory: blocks of consecutive events, written once, read front to back.
//
// A block is what one commit (or a part of a large one) brought. Its bytes are
//
//     u8 version (3) · varint count · varint zigzag(time of the first event) · events
//
// and an event is
//
//     u8 type (1 enter, 2 leave, 3 report, 4 following) + 8 if the user is that of the event before + 16 · cause (0 in a report and a following)
//     · varint zigzag(time − time of the event before)
//     · bytes user, unless that of the event before (length 0: forgotten) · bytes subject · bytes kind (length 0: none)
//     · enter: varint 0 nothing | 3 + 2 · metres within | 4 + 2 · centimetres of distance
//              | 1 within, 2 distance, each with f64 little-endian metres, where the forms above cannot hold the number
//     · leave: varint (seq − encounter) · varint lasted
//     · report: varint number · bytes kind of the report
//
// where `varint` is LEB128, `bytes` a varint length and as many bytes. The seq of an event is the block's first seq plus its place. Ids stand in the block
// itself: it can be read without anything else, and a user be taken out of it.
//
// Version 2 has type and cause in a byte each, the user in every event, and in an enter u8 0 nothing | 1 within | 2 distance, then f64 metres unless 0. Version 1 is as
// version 2, without reports and followings. Both are read, never written.

/// A run of consecutive events, encoded.
public struct EventBlock: Sendable {
    public static let version: UInt8 = 3
    /// The oldest version that is read.
    private static let oldestVersion: UInt8 = 1

    /// The seq of the first event.
    public let firstSeq: Int64
    /// At least 1.
    public let count: Int
    public let bytes: [UInt8]

    public var lastSeq: Int64 { firstSeq + Int64(count) - 1 }

    /// What the block counts for where the memory of blocks and of their lines is bounded, in bytes: its lines are three to five times as long. Its own bytes would
    /// say too little, since an event that leaves out its user is a tenth of its line.
    public var weight: Int { bytes.count + 20 * count }

    /// The bytes are not a block of a version that is read.
    public struct Damaged: Error {
        /// The seq of the event that could not be read.
        public let seq: Int64
    }

    public init(firstSeq: Int64, count: Int, bytes: [UInt8]) {
        self.firstSeq = firstSeq
        self.count = count
        self.bytes = bytes
    }

    /// Takes up a block that was stored, reading its count from its head.
    ///
    /// - Throws: ``Damaged`` if the head is not that of a block.
    public init(firstSeq: Int64, stored bytes: [UInt8]) throws(Damaged) {
        var reader = ByteReader(bytes)
        guard let version = reader.byte(), Self.reads(version), let count = reader.varint(), count > 0, count <= UInt64(bytes.count)
        else {
            throw Damaged(seq: firstSeq)
        }
        self.init(firstSeq: firstSeq, count: Int(count), bytes: bytes)
    }

    private static func reads(_ version: UInt8) -> Bool { (oldestVersion...Self.version).contains(version) }

    /// Calls `body` with each event in order of seq.
    ///
    /// - Complexity: O(bytes); allocates only the ids of each ``Event``. ``forEachView(_:)`` does not allocate.
    public func forEach(_ body: (Event) throws -> Void) throws {
        try forEachView { view in try body(view.event) }
    }

    /// Calls `body` with a view of each event; the view is valid only during the call.
    ///
    /// - Throws: ``Damaged`` if the bytes end early or hold what no event of their version holds, and what `body` throws.
    public func forEachView(_ body: (EventView) throws -> Void) throws {
        try bytes.withUnsafeBytes { raw in
            var reader = RawReader(raw)
            guard let version = reader.byte(), Self.reads(version), reader.varint() == UInt64(count), let base = reader.varint() else {
                throw Damaged(seq: firstSeq)
            }
            var before = EventView.Before(time: ZigZag.decode(base))
            for index in 0..<count {
                let seq = firstSeq + Int64(index)
                guard let view = EventView(&reader, version: version, seq: seq, after: before) else { throw Damaged(seq: seq) }
                before = EventView.Before(time: view.time, user: view.user)
                try body(view)
            }
            guard reader.isAtEnd else { throw Damaged(seq: lastSeq) }
        }
    }
}
