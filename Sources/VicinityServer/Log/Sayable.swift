// What a message may say. The journal is read by many, copied and kept, so no user's or subject's id and no position comes into it at `info` and
// above. Nobody has to remember that: a sentence is made of its own words and of values of the types below, and nothing else can be put into
// one. A string cannot, for who knows what is in it.

import VicinityConfiguration
import VicinityStore

/// A value that names nobody and no place.
protocol Sayable {
    var said: String { get }
}

/// Counts, numbers of events, spans of time.
extension Int: Sayable {
    var said: String { String(self) }
}

extension Int64: Sayable {
    var said: String { String(self) }
}

extension SocketName: Sayable {
    var said: String { rawValue }
}

/// Says where the file is and what the system answered; what is in a row it does not say.
extension StoreFault: Sayable {
    var said: String { description }
}

/// Says where a setting stands, and its value.
extension ConfigurationError: Sayable {
    var said: String { description }
}

/// A user of the operating system, which is a service's account and nobody whom the daemon watches over.
struct SystemUser: Sayable {
    let number: UInt32

    var said: String { String(number) }
}

/// Text that was looked at where it is made: names of settings, accounts, files and subscribers, and what the system says of them.
struct OperatorText: Sayable {
    let said: String

    init(_ text: String) { said = text }
}

/// A sentence of a message: its own words, and values that may be said.
struct Sentence: ExpressibleByStringInterpolation {
    let text: String

    init(stringLiteral value: String) { text = value }

    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity + 8 * interpolationCount) }

        mutating func appendLiteral(_ literal: String) { text += literal }

        mutating func appendInterpolation(_ value: some Sayable) { text += value.said }
    }
}
