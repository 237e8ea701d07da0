// The secret that the cells of subjects follow from: who knows it, and where a subject is shown, knows where the edges of its cell lie.
//
// It never lies in the database, so that neither the file nor a backup tells. What is used is derived from it under a *salt* that
// the log keeps: another salt is another key, so that cells can be changed by a command, without anybody who touches the file of the secret.
// Beside the salt the log keeps a *fingerprint* of the key that its subjects stand by, so that a start notices a secret that is another one.

internal import Crypto
package import VicinityCore

/// The secret of this installation.
package struct PrecisionKey: Sendable, Equatable {
    /// The length, in bytes.
    package static let size = KeyFile.size
    /// The credential that the service manager may hand to the daemon: 32 bytes.
    package static let credential = "precision_key"
    /// Where the secret lies otherwise, beside the database: 32 bytes, mode 0600. No backup takes it along.
    package static let fileName = "vicinity.precision-key"

    private let bytes: [UInt8]

    /// - Returns: `nil` unless there are ``size`` bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = bytes
    }

    /// Takes the secret: the credential if there is one, else the file, which is made if it is missing.
    ///
    /// - Parameter directory: that of the log.
    /// - Throws: ``StoreFault`` if it cannot be read or made, or is none; a file that is there stays as it is.
    package static func installed(directory: String) throws(StoreFault) -> PrecisionKey {
        let file = KeyFile(credential: credential, name: fileName, owner: "the cells of subjects")
        guard let key = PrecisionKey(bytes: try file.installed(directory: directory).bytes) else {
            preconditionFailure("a key file holds \(size) bytes")
        }
        return key
    }

    /// What cells follow from.
    package struct Cells: Sendable, Equatable {
        package let key: SipHashKey
        /// 8 bytes that tell this key from others, and tell nothing of it.
        package let fingerprint: [UInt8]
    }

    /// The key of the cells under a salt: 24 bytes of an HMAC-SHA256, of which 16 are the key.
    ///
    /// - Parameter salt: empty as long as there was no rotation.
    package func cells(under salt: [UInt8]) -> Cells {
        let code = Array(HMAC<SHA256>.authenticationCode(for: Array("cells".utf8) + salt, using: SymmetricKey(data: bytes)))
        guard let key = SipHashKey(bytes: Array(code[..<16])) else { preconditionFailure("a code has 32 bytes") }
        return Cells(key: key, fingerprint: Array(code[16..<24]))
    }
}

/// What the log keeps of the key that its subjects stand by.
package struct PrecisionState: Sendable, Equatable {
    /// 16 random bytes; empty as long as there was no rotation.
    package var salt: [UInt8]
    /// Of the key that all subjects with a precision stand by; `nil` as long as there was none of these, and while they are on their way from
    /// one key to another.
    package var fingerprint: [UInt8]?

    package init(salt: [UInt8] = [], fingerprint: [UInt8]? = nil) {
        self.salt = salt
        self.fingerprint = fingerprint
    }
}
