// Reading an event where it lies; `EventBlock.swift` says how.

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

    /// What an event leaves out, since the one before it says it.
    struct Before {
        /// Unix milliseconds.
        var time: Int64 = 0
        /// `nil` if nothing comes before.
        var user: UnsafeRawBufferPointer?
    }

    /// Type, cause, and whether the user is that of the event before, as the first bytes of an event say it.
    private struct Head {
        let type: UInt8
        /// `nil` in what has none.
        let cause: Cause?
        let isSameUser: Bool

        init?(_ reader: inout RawReader, version: UInt8) {
            guard let first = reader.byte() else { return nil }
            var number = first >> 4
            if version >= 3 {
                type = first & 7
                isSameUser = first & 8 != 0
            } else {
                guard let second = reader.byte() else { return nil }
                (type, number, isSameUser) = (first, second, false)
            }
            cause = Cause(rawValue: number)
            guard number == 0 || cause != nil else { return nil }
        }
    }

    init?(_ reader: inout RawReader, version: UInt8, seq: Int64, after before: Before) {
        guard let head = Head(&reader, version: version), let delta = reader.varint(),
            let user = head.isSameUser ? before.user : reader.sized(), let subject = reader.sized(), let kind = reader.sized()
        else { return nil }
        switch (head.type, head.cause) {
        case (1, let cause?):
            guard let disclosed = version >= 3 ? Disclosed(&reader) : Disclosed(ofVersionTwo: &reader) else { return nil }
            change = .enter(cause, disclosed)
        case (2, let cause?):
            guard let back = reader.varint(), let lasted = reader.varint(), back < UInt64(seq), lasted <= UInt64(Int64.max)
            else { return nil }
            change = .leave(cause, encounter: seq - Int64(back), lasted: Int64(lasted))
        case (3, nil) where version >= 2:
            guard let number = reader.varint(), let reportKind = reader.sized(), number <= UInt64(Int64.max) else { return nil }
            change = .report(number: Int64(number), kind: String(decoding: reportKind, as: UTF8.self))
        case (4, nil) where version >= 2: change = .following
        default: return nil
        }
        self.seq = seq
        time = before.time &+ ZigZag.decode(delta)
        self.user = user
        self.subject = subject
        self.kind = kind
    }
}

extension Disclosed {
    fileprivate init?(_ reader: inout RawReader) {
        switch reader.varint() {
        case nil: return nil
        case 0: self = .nothing
        case 1:
            guard let metres = reader.double() else { return nil }
            self = .within(metres)
        case 2:
            guard let metres = reader.double() else { return nil }
            self = .distance(metres)
        case let number?:
            let amount = (number - 3) / 2
            guard amount < Self.exactLimit else { return nil }
            self = number.isMultiple(of: 2) ? .distance(Double(amount) / 100) : .within(Double(amount))
        }
    }

    fileprivate init?(ofVersionTwo reader: inout RawReader) {
        guard let form = reader.byte() else { return nil }
        if form == 0 {
            self = .nothing
            return
        }
        guard let metres = reader.double(), form <= 2 else { return nil }
        self = form == 1 ? .within(metres) : .distance(metres)
    }

    /// Whole numbers below this are doubles.
    private static var exactLimit: UInt64 { 1 << 53 }

    /// Writes what ``init(_:)`` reads.
    @inline(__always)
    func write(to writer: inout RawWriter) {
        switch self {
        case .nothing: writer.byte(0)
        case .within(let metres):
            if let amount = Self.whole(metres), Double(amount).bitPattern == metres.bitPattern {
                writer.varint(3 + 2 * amount)
            } else {
                writer.byte(1)
                writer.double(metres)
            }
        case .distance(let metres):
            if let amount = Self.whole((metres * 100).rounded()), (Double(amount) / 100).bitPattern == metres.bitPattern {
                writer.varint(4 + 2 * amount)
            } else {
                writer.byte(2)
                writer.double(metres)
            }
        }
    }

    @inline(__always)
    private static func whole(_ number: Double) -> UInt64? {
        number >= 0 && number < Double(exactLimit) ? UInt64(number) : nil
    }
}
