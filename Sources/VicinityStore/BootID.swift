// Which start of the machine this is. As long as it is the same, everything that was written is still there, synced or not.

import Glibc

/// Names a start of the machine.
package struct BootID: Sendable, Equatable {
    /// 16 of them.
    package let bytes: [UInt8]

    /// - Parameter text: 32 hexadecimal digits; hyphens and white space do not count.
    package init?(_ text: String) {
        let digits = text.utf8.filter { ![UInt8(ascii: "-"), UInt8(ascii: "\n"), UInt8(ascii: " ")].contains($0) }
        guard digits.count == 32 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 32, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else { return nil }
            bytes.append(byte)
        }
        self.bytes = bytes
    }

    /// - Parameter bytes: 16; all zero is nobody's.
    init?(bytes: [UInt8]) {
        guard bytes.count == 16, bytes.contains(where: { $0 != 0 }) else { return nil }
        self.bytes = bytes
    }

    /// Where a service finds it that does not see the kernel's files (`ProcSubset=pid`): the credential of this name.
    package static let credential = "boot_id"

    /// What the kernel says.
    ///
    /// - Returns: `nil` if it cannot be read; nothing is then ever taken to be of the same start.
    package static func current() -> BootID? {
        let credentials = getenv("CREDENTIALS_DIRECTORY").map { "\(String(cString: $0))/\(credential)" }
        for path in [credentials, "/proc/sys/kernel/random/boot_id"] {
            if let path, let text = SmallFile.read(path, atMost: 64), let found = BootID(String(decoding: text, as: UTF8.self)) {
                return found
            }
        }
        return nil
    }
}

/// Files of a few bytes.
enum SmallFile {
    /// - Returns: `nil` if it cannot be read.
    static func read(_ path: String, atMost limit: Int) -> [UInt8]? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        return count < 0 ? nil : Array(bytes.prefix(count))
    }
}
