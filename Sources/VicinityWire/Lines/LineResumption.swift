package import VicinityCore

/// Where in a line a stream was cut, as far as the bytes that are kept do not say it themselves.
///
/// The caller hands those bytes on, too, and brings them to the successor before all others.
package struct LineResumption: Resumable {
    package static let version: UInt8 = 1

    /// Whether what follows is the rest of a line that was too long, up to its end.
    package var isSkipping: Bool

    package init(isSkipping: Bool = false) { self.isSkipping = isSkipping }

    package func write(to bytes: inout [UInt8]) { bytes.appendFlag(isSkipping) }

    package init?(reading reader: inout RawReader) {
        guard let isSkipping = reader.flag() else { return nil }
        self.isSkipping = isSkipping
    }
}
