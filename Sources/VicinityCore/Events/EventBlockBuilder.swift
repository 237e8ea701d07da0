// Writing events into a block; `EventBlock.swift` says how.

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
    /// Whom the last event names.
    private var lastUser = ShortID.Inline.nobody

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
        let inline = ShortID.Inline(user)
        let isSameUser = inline.isSame(as: lastUser)
        body.appendEvent(
            seq: firstSeq + Int64(count), sincePrevious: time &- lastTime, change: change, user: isSameUser ? nil : user, subject: subject,
            kind: kind)
        lastTime = time
        lastUser = inline
        count += 1
    }

    /// Appends a transition that has the next seq and is no report.
    ///
    /// - Parameters:
    ///   - user: empty for one who is not to be named.
    ///   - names: writes the id of the subject, and the kind: lengths and bytes, of at most 128 each.
    @inline(__always)
    mutating func append(_ transition: Transition, user: ShortID, names: (inout RawWriter) -> Void) {
        if count == 0 {
            firstTime = transition.time
            lastTime = transition.time
        }
        let sincePrevious = transition.time &- lastTime
        let inline = user.inline
        let isSameUser = inline.isSame(as: lastUser)
        body.write(atMost: RawWriter.eventRoom + 3 * 130) { writer in
            switch transition.change {
            case .enter(let cause, let disclosed):
                writer.event(type: 1, cause.rawValue, isSameUser: isSameUser, sincePrevious)
                writer.write(user, unless: isSameUser)
                names(&writer)
                disclosed.write(to: &writer)
            case .leave(let cause, let encounter, let lasted):
                writer.event(type: 2, cause.rawValue, isSameUser: isSameUser, sincePrevious)
                writer.write(user, unless: isSameUser)
                names(&writer)
                writer.encounter(back: firstSeq + Int64(count) - encounter, lasted: lasted)
            case .following:
                writer.event(type: 4, 0, isSameUser: isSameUser, sincePrevious)
                writer.write(user, unless: isSameUser)
                names(&writer)
            case .report: preconditionFailure("a report is appended as an event")
            }
        }
        lastTime = transition.time
        lastUser = inline
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

extension [UInt8] {
    /// Appends one event as it stands in a block.
    ///
    /// - Parameters:
    ///   - sincePrevious: milliseconds since the event before it.
    ///   - user: `nil` if it is that of the event before it.
    mutating func appendEvent(
        seq: Int64, sincePrevious: Int64, change: Event.Change, user: UnsafeRawBufferPointer?, subject: UnsafeRawBufferPointer,
        kind: UnsafeRawBufferPointer
    ) {
        let text = if case .report(_, let kind) = change { Array(kind.utf8) } else { [] as [UInt8] }
        write(atMost: RawWriter.eventRoom + (user?.count ?? 0) + subject.count + kind.count + text.count) { writer in
            switch change {
            case .enter(let cause, _): writer.event(type: 1, cause.rawValue, isSameUser: user == nil, sincePrevious)
            case .leave(let cause, _, _): writer.event(type: 2, cause.rawValue, isSameUser: user == nil, sincePrevious)
            case .report: writer.event(type: 3, 0, isSameUser: user == nil, sincePrevious)
            case .following: writer.event(type: 4, 0, isSameUser: user == nil, sincePrevious)
            }
            if let user { writer.sized(user) }
            writer.sized(subject)
            writer.sized(kind)
            switch change {
            case .enter(_, let disclosed): disclosed.write(to: &writer)
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
    /// Writes an id unless it is left out. Nearly half of all events leave it out, and nobody could foretell which: so it is written always, and perhaps taken back.
    @inline(__always)
    fileprivate mutating func write(_ id: ShortID, unless isLeftOut: Bool) {
        let start = count
        id.write(to: &self)
        takeBack(isLeftOut ? count - start : 0)
    }

    /// What an event takes at most besides its ids and texts, in bytes.
    fileprivate static var eventRoom: Int { 64 }

    @inline(__always)
    fileprivate mutating func event(type: UInt8, _ cause: UInt8, isSameUser: Bool, _ sincePrevious: Int64) {
        byte(type | (isSameUser ? 8 : 0) | cause << 4)
        varint(ZigZag.encode(sincePrevious))
    }

    @inline(__always)
    fileprivate mutating func encounter(back: Int64, lasted: Int64) {
        varint(UInt64(back))
        varint(UInt64(lasted))
    }
}
