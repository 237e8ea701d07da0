// The secret of the audit log: without it nobody can make an entry, an end or a beginning of the chain that a verification believes.
//
// It never lies in the database, so that neither the file nor a backup of it is enough to forge it. Where it does lie is for whoever opens
// the store: best a credential that the service manager hands to the daemon alone, else a file beside the database.

internal import Crypto

/// The key of the chain.
package struct AuditKey: Sendable, Equatable {
    /// The length, in bytes.
    package static let size = KeyFile.size

    let bytes: [UInt8]
    /// Whether it was made just now, so that a log without a chain is what must be expected.
    package let isNew: Bool

    /// - Returns: `nil` unless there are ``size`` bytes.
    package init?(bytes: [UInt8], isNew: Bool = false) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = bytes
        self.isNew = isNew
    }

    /// What a code is made for, so that none of one kind can stand for another.
    enum Purpose: UInt8 {
        case entry = 1
        case seal
        case anchor
    }

    /// The HMAC-SHA256 of a message, 32 bytes.
    ///
    /// - Complexity: O(bytes), about 1 µs for 200 bytes.
    func code(_ purpose: Purpose, _ message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: [purpose.rawValue] + message, using: SymmetricKey(data: bytes)))
    }

    /// Whether a code is that of a message; compared in a time that does not depend on where they differ.
    func isValid(_ code: [UInt8], _ purpose: Purpose, _ message: [UInt8]) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            code, authenticating: [purpose.rawValue] + message, using: SymmetricKey(data: bytes))
    }
}
