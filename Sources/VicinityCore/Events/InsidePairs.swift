/// Pairs that are inside, in no order: each as the enter that opened it, with what may be said of the distance now.
///
/// The bytes are of no version and are never stored.
public struct InsidePairs: Sendable {
    public private(set) var count = 0
    private var bytes: [UInt8] = []

    public init() {}

    /// The size in memory, in bytes.
    public var byteCount: Int { bytes.count }

    mutating func append(
        _ pair: OpenPair, _ disclosed: Disclosed, user: UnsafeRawBufferPointer, subject: UnsafeRawBufferPointer,
        kind: UnsafeRawBufferPointer
    ) {
        bytes.appendVarint(UInt64(pair.encounter))
        bytes.appendEvent(
            seq: pair.encounter, sincePrevious: pair.since, change: .enter(pair.cause, disclosed), user: user, subject: subject, kind: kind)
        count += 1
    }

    /// Appends a pair of others of the kind.
    mutating func append(_ pair: EventView, user: UnsafeRawBufferPointer) {
        bytes.appendVarint(UInt64(pair.seq))
        bytes.appendEvent(
            seq: pair.seq, sincePrevious: pair.time, change: pair.change, user: user, subject: pair.subject, kind: pair.kind)
        count += 1
    }

    /// Calls `body` with each pair as an enter; the view is valid only during the call.
    public func forEachView(_ body: (EventView) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { raw in
            var reader = RawReader(raw)
            while let seq = reader.varint(),
                let view = EventView(&reader, version: EventBlock.version, seq: Int64(seq), after: EventView.Before())
            {
                try body(view)
            }
        }
    }
}
