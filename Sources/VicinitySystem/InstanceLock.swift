import CLinux
import Glibc

/// The right to write a state directory, held by one process at a time; given back when this value ends, or the process does.
///
/// It is the kernel's lock on an open file, not the file's being there: a holder that was killed leaves the file and no lock. The file is
/// never removed, for then two processes could each lock a file of that name. It holds the holder's pid, which serves only for telling.
package struct InstanceLock: ~Copyable {
    private let file: OwnedDescriptor

    package enum Refusal: Error, Equatable, CustomStringConvertible {
        /// Another process holds it; `process` if the file says who.
        case held(path: String, process: Int32?)
        case system(path: String, code: Int32)

        package var description: String {
            switch self {
            case .held(let path, let process):
                "\(path): another vicinityd\(process.map { " (pid \($0))" } ?? "") uses this state directory"
            case .system(let path, let code):
                "\(path): cannot lock: \(String(cString: strerror(code)))"
            }
        }
    }

    package static let fileName = "vicinity.lock"

    /// Takes the lock or fails at once.
    package init(stateDirectory: String) throws(Refusal) {
        let path = "\(stateDirectory)/\(Self.fileName)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(path: path, code: errno) }
        let file = OwnedDescriptor(descriptor)
        let answer = vicinity_try_lock(descriptor)
        guard answer != -EWOULDBLOCK else { throw .held(path: path, process: Self.holder(of: descriptor)) }
        guard answer == 0 else { throw .system(path: path, code: -answer) }
        guard fchmod(descriptor, 0o600) == 0, ftruncate(descriptor, 0) == 0 else { throw .system(path: path, code: errno) }
        let text = "\(getpid())\n"
        // A full disk keeps the name of the holder from others, not the lock from us.
        _ = pwrite(descriptor, text, text.utf8.count, 0)
        self.file = file
    }

    deinit { _ = ftruncate(file.rawValue, 0) }

    /// Reads the holder's pid. A holder that has just locked may not have written it: then it is asked again for a tenth of a second.
    private static func holder(of descriptor: CInt) -> Int32? {
        for attempt in 0..<10 {
            if attempt > 0 { usleep(10_000) }
            var text = [UInt8](repeating: 0, count: 16)
            let count = pread(descriptor, &text, text.count, 0)
            guard count > 0, text[count - 1] == UInt8(ascii: "\n") else { continue }
            if let process = Int32(String(decoding: text[..<(count - 1)], as: UTF8.self)) { return process }
        }
        return nil
    }
}
