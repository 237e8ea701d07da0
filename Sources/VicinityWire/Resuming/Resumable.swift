package import VicinityCore

// Conversations that go on in another process.
//
// What a conversation must know to go on is a value, its resumption: bytes with a version in front, in the plain form that the engine has for
// what it stores. The bytes lie with systemd between two processes, which may be two versions of the daemon, so that nothing is believed
// of them: what cannot be read is refused, and the connection is closed, which costs a client no more than a reconnect.

/// Why a conversation cannot go on where another process has left it.
package enum ResumptionError: Error, Equatable, CustomStringConvertible {
    /// The bytes are those of another version of the daemon.
    case version(UInt8)
    /// The bytes are not what was written.
    case damaged
    /// The place is one in another log: the state was replaced.
    case otherLog
    /// The place is beyond the head: events were lost, which can only be with the power or with the state.
    case beyondHead(place: Int64, head: Int64)

    package var description: String {
        switch self {
        case .version(let version): "it was written by another version of the daemon (form \(version))"
        case .damaged: "it is damaged"
        case .otherLog: "it has a place in another log"
        case .beyondHead(let place, let head): "its place is event \(place), but the log ends at \(head)"
        }
    }
}

/// A value that is left behind by one process and taken up by another.
package protocol Resumable: Sendable, Equatable {
    /// The form of the bytes; one more with every change of it.
    static var version: UInt8 { get }

    /// Appends everything after the version.
    func write(to bytes: inout [UInt8])

    /// Reads what ``write(to:)`` has written; `nil` if that is something else. What follows is left to the caller.
    init?(reading reader: inout RawReader)
}

extension Resumable {
    /// The value as bytes, the first of which is the version.
    package func encode() -> [UInt8] {
        var bytes = [Self.version]
        write(to: &bytes)
        return bytes
    }

    /// Takes up what ``encode()`` gave.
    ///
    /// - Parameter bytes: any; damaged ones are refused, or are the value of other bytes.
    /// - Complexity: O(bytes) in time and memory, whatever they say.
    package init(decoding bytes: some Collection<UInt8>) throws(ResumptionError) {
        let copy = Array(bytes)
        guard let version = copy.first else { throw .damaged }
        guard version == Self.version else { throw .version(version) }
        let found = copy.withUnsafeBytes { raw -> Self? in
            var reader = RawReader(UnsafeRawBufferPointer(rebasing: raw.dropFirst()))
            let value = Self(reading: &reader)
            return reader.isAtEnd ? value : nil
        }
        guard let found else { throw .damaged }
        self = found
    }
}

extension [UInt8] {
    /// Appends a truth as one byte.
    package mutating func appendFlag(_ flag: Bool) { append(flag ? 1 : 0) }

    /// Appends a length and as many bytes.
    package mutating func appendSized(_ bytes: [UInt8]) { bytes.withUnsafeBytes { appendSized($0) } }

    /// Appends whether there is a number, and the number, which is small where it is near 0.
    package mutating func appendOptional(_ number: Int64?) {
        appendFlag(number != nil)
        if let number { appendVarint(ZigZag.encode(number)) }
    }
}

extension RawReader {
    /// The largest number of lines, events or milliseconds that is believed: 2^53, which none of them comes near.
    private static let largest: UInt64 = 1 << 53

    /// `nil` if it is neither.
    package mutating func flag() -> Bool? {
        switch byte() {
        case 0: false
        case 1: true
        case nil, .some: nil
        }
    }

    package mutating func sizedArray() -> [UInt8]? { sized().map { [UInt8]($0) } }

    /// A number of lines; `nil` for one that nobody can have counted, with which a successor could not go on counting.
    package mutating func lineNumber() -> UInt64? { varint().flatMap { $0 <= Self.largest ? $0 : nil } }

    /// A seq, 0 before the first.
    package mutating func seq() -> Int64? { lineNumber().map { Int64($0) } }

    /// A time in milliseconds, on whatever clock; `nil` if that is no time of any.
    package mutating func time() -> Int64? {
        varint().map(ZigZag.decode).flatMap { $0.magnitude <= Self.largest ? $0 : nil }
    }

    /// A value that may be absent: `nil` is damage, `.some(nil)` that it is.
    package mutating func optional<Value>(_ read: (inout RawReader) -> Value?) -> Value?? {
        guard let isThere = flag() else { return nil }
        guard isThere else { return .some(nil) }
        guard let value = read(&self) else { return nil }
        return .some(value)
    }
}
