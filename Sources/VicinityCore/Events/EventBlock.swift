// How events lie on disk and in memory: blocks of consecutive events, written once, read front to back.
//
// A block is what one commit (or a part of a large one) brought. Its bytes are
//
//     u8 version (2) · varint count · varint zigzag(time of the first event) · events
//
// and an event is
//
//     u8 type (1 enter, 2 leave, 3 report, 4 following) · u8 cause (0 in a report and a following)
//     · varint zigzag(time − time of the event before)
//     · bytes user (length 0: forgotten) · bytes subject · bytes kind (length 0: none)
//     · enter: u8 0 nothing | 1 within | 2 distance, then f64 little-endian metres unless 0
//     · leave: varint (seq − encounter) · varint lasted
//     · report: varint number · bytes kind of the report
//
// where `varint` is LEB128, `bytes` a varint length and as many bytes. Version 1 has no reports and no followings, and is read as
// well. The seq of an event is the block's first seq plus its place. Ids stand in full in each event: a block can be read without anything else, and a user be erased from it.

/// A run of consecutive events, encoded.
public struct EventBlock: Sendable {
    public static let version: UInt8 = 2
    /// The oldest version that is read.
    private static let oldestVersion: UInt8 = 1

    /// The seq of the first event.
    public let firstSeq: Int64
    /// At least 1.
    public let count: Int
    public let bytes: [UInt8]

    public var lastSeq: Int64 { firstSeq + Int64(count) - 1 }

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
            var time = ZigZag.decode(base)
            for index in 0..<count {
                let seq = firstSeq + Int64(index)
                guard let view = EventView(&reader, version: version, seq: seq, previousTime: time) else {
                    throw Damaged(seq: seq)
                }
                time = view.time
                try body(view)
            }
            guard reader.isAtEnd else { throw Damaged(seq: lastSeq) }
        }
    }
}

/// An event as it lies in its block, without a copy of its ids.
public struct EventView {
    public let seq: Int64
    public let time: Int64
    public let change: Event.Change
    /// Empty once the user was forgotten.
    public let user: UnsafeRawBufferPointer
    public let subject: UnsafeRawBufferPointer
    /// Empty if the subject has none.
    public let kind: UnsafeRawBufferPointer

    public var event: Event {
        Event(
            seq: seq, time: time, change: change, user: user.isEmpty ? nil : [UInt8](user), subject: [UInt8](subject),
            kind: kind.isEmpty ? nil : [UInt8](kind))
    }

    init?(_ reader: inout RawReader, version: UInt8, seq: Int64, previousTime: Int64) {
        guard let type = reader.byte(), let causeByte = reader.byte(), let delta = reader.varint(), let user = reader.sized(),
            let subject = reader.sized(), let kind = reader.sized()
        else { return nil }
        switch (type, Cause(rawValue: causeByte)) {
        case (1, let cause?):
            guard let disclosed = Self.disclosed(&reader) else { return nil }
            change = .enter(cause, disclosed)
        case (2, let cause?):
            guard let back = reader.varint(), let lasted = reader.varint(), back < UInt64(seq), lasted <= UInt64(Int64.max)
            else { return nil }
            change = .leave(cause, encounter: seq - Int64(back), lasted: Int64(lasted))
        case (3, nil) where causeByte == 0 && version >= 2:
            guard let number = reader.varint(), let reportKind = reader.sized(), number <= UInt64(Int64.max) else { return nil }
            change = .report(number: Int64(number), kind: String(decoding: reportKind, as: UTF8.self))
        case (4, nil) where causeByte == 0 && version >= 2: change = .following
        default: return nil
        }
        self.seq = seq
        time = previousTime &+ ZigZag.decode(delta)
        self.user = user
        self.subject = subject
        self.kind = kind
    }

    private static func disclosed(_ reader: inout RawReader) -> Disclosed? {
        switch reader.byte() {
        case 0: .nothing
        case 1: reader.double().map { .within($0) }
        case 2: reader.double().map { .distance($0) }
        default: nil
        }
    }
}

extension [UInt8] {
    /// Appends one event as it stands in a block.
    ///
    /// - Parameter sincePrevious: milliseconds since the event before it.
    fileprivate mutating func appendEvent(
        seq: Int64, sincePrevious: Int64, change: Event.Change, user: UnsafeRawBufferPointer, subject: UnsafeRawBufferPointer,
        kind: UnsafeRawBufferPointer
    ) {
        let text = if case .report(_, let kind) = change { Array(kind.utf8) } else { [] as [UInt8] }
        write(atMost: RawWriter.eventRoom + user.count + subject.count + kind.count + text.count) { writer in
            switch change {
            case .enter(let cause, _): writer.event(type: 1, cause.rawValue, sincePrevious)
            case .leave(let cause, _, _): writer.event(type: 2, cause.rawValue, sincePrevious)
            case .report: writer.event(type: 3, 0, sincePrevious)
            case .following: writer.event(type: 4, 0, sincePrevious)
            }
            writer.sized(user)
            writer.sized(subject)
            writer.sized(kind)
            switch change {
            case .enter(_, let disclosed): writer.disclosed(disclosed)
            case .leave(_, let encounter, let lasted): writer.encounter(back: seq - encounter, lasted: lasted)
            case .report(let number, _):
                writer.varint(UInt64(number))
                text.withUnsafeBytes { writer.sized($0) }
            case .following: break
            }
        }
    }
}

extension RawWriter {
    /// What an event takes at most besides its ids and texts, in bytes.
    fileprivate static var eventRoom: Int { 64 }

    @inline(__always)
    fileprivate mutating func event(type: UInt8, _ cause: UInt8, _ sincePrevious: Int64) {
        byte(type)
        byte(cause)
        varint(ZigZag.encode(sincePrevious))
    }

    @inline(__always)
    fileprivate mutating func disclosed(_ disclosed: Disclosed) {
        switch disclosed {
        case .nothing: byte(0)
        case .within(let metres):
            byte(1)
            double(metres)
        case .distance(let metres):
            byte(2)
            double(metres)
        }
    }

    @inline(__always)
    fileprivate mutating func encounter(back: Int64, lasted: Int64) {
        varint(UInt64(back))
        varint(UInt64(lasted))
    }
}

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
            while let seq = reader.varint(), let view = EventView(&reader, version: EventBlock.version, seq: Int64(seq), previousTime: 0) {
                try body(view)
            }
        }
    }
}

/// Collects events into a block.
public struct EventBlockBuilder: Sendable {
    /// The seq that the first event will have.
    public let firstSeq: Int64
    public private(set) var count = 0
    /// Bytes of the events so far.
    public var byteCount: Int { body.count }
    private var body: [UInt8] = []
    private var firstTime: Int64 = 0
    private var lastTime: Int64 = 0

    public init(firstSeq: Int64, reserving capacity: Int = 0) {
        self.firstSeq = firstSeq
        body.reserveCapacity(capacity)
    }

    /// Appends the event that has the next seq.
    ///
    /// - Parameter user: empty for one who was forgotten.
    /// - Complexity: O(bytes).
    public mutating func append(
        time: Int64, change: Event.Change, user: UnsafeRawBufferPointer, subject: UnsafeRawBufferPointer, kind: UnsafeRawBufferPointer
    ) {
        if count == 0 {
            firstTime = time
            lastTime = time
        }
        body.appendEvent(
            seq: firstSeq + Int64(count), sincePrevious: time &- lastTime, change: change, user: user, subject: subject, kind: kind)
        lastTime = time
        count += 1
    }

    /// Appends a transition that has the next seq and is no report.
    ///
    /// - Parameter names: writes the ids of the user and of the subject, and the kind: lengths and bytes, of at most 128 each.
    @inline(__always)
    mutating func append(_ transition: Transition, names: (inout RawWriter) -> Void) {
        if count == 0 {
            firstTime = transition.time
            lastTime = transition.time
        }
        let sincePrevious = transition.time &- lastTime
        body.write(atMost: RawWriter.eventRoom + 3 * 130) { writer in
            switch transition.change {
            case .enter(let cause, let disclosed):
                writer.event(type: 1, cause.rawValue, sincePrevious)
                names(&writer)
                writer.disclosed(disclosed)
            case .leave(let cause, let encounter, let lasted):
                writer.event(type: 2, cause.rawValue, sincePrevious)
                names(&writer)
                writer.encounter(back: firstSeq + Int64(count) - encounter, lasted: lasted)
            case .following:
                writer.event(type: 4, 0, sincePrevious)
                names(&writer)
            case .report: preconditionFailure("a report is appended as an event")
            }
        }
        lastTime = transition.time
        count += 1
    }

    /// Appends an event whose ids are arrays; the seq it carries is ignored, since its place decides.
    public mutating func append(_ event: Event) {
        (event.user ?? []).withUnsafeBytes { user in
            event.subject.withUnsafeBytes { subject in
                (event.kind ?? []).withUnsafeBytes { kind in
                    append(time: event.time, change: event.change, user: user, subject: subject, kind: kind)
                }
            }
        }
    }

    /// The block of what was appended, or `nil` if nothing was.
    public func finish() -> EventBlock? {
        guard count > 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count + 16)
        bytes.append(EventBlock.version)
        bytes.appendVarint(UInt64(count))
        bytes.appendVarint(ZigZag.encode(firstTime))
        bytes.append(contentsOf: body)
        return EventBlock(firstSeq: firstSeq, count: count, bytes: bytes)
    }
}
