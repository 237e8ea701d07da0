import CLinux
import Glibc

/// The device that a file system lies on, as far as the kernel counts what it does.
package struct BlockDevice: Sendable {
    private let path: String

    /// - Parameter place: something on the file system.
    /// - Returns: `nil` where the kernel counts nothing: a file system in memory, over the network, or over several devices.
    package init?(of place: String) {
        var found = stat()
        guard stat(place, &found) == 0 else { return nil }
        // makedev(3): the numbers lie interleaved.
        let device = UInt64(found.st_dev)
        let major = (device >> 8) & 0xfff | (device >> 32) & 0xffff_f000
        let minor = device & 0xff | (device >> 12) & 0xffff_ff00
        path = "/sys/dev/block/\(major):\(minor)/stat"
        guard completed != nil else { return nil }
    }

    /// Reads and writes that the device has completed; `nil` if the kernel does not say.
    package var completed: UInt64? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return Self.completed(in: String(decoding: bytes.prefix(count), as: UTF8.self))
    }

    /// Of the kernel's line, whose first and fifth numbers these are (Documentation/block/stat.rst).
    static func completed(in line: String) -> UInt64? {
        let numbers = line.split { $0 == " " || $0 == "\n" }.map { UInt64($0) }
        guard numbers.count >= 5, let reads = numbers[0], let writes = numbers[4] else { return nil }
        return reads &+ writes
    }
}
