import Glibc
import Synchronization

/// What to type to see a run again, printed if the program traps in the middle of it: a broken precondition is a find too.
final class LastWords: Sendable {
    static let shared = LastWords()

    /// Bytes that are written from a signal handler; never freed, since a handler may come at any time.
    private let text = Atomic<UInt>(0)
    private let length = Atomic<Int>(0)

    private init() {
        for number in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS] {
            signal(number) { number in
                LastWords.shared.speak()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// Notes what is being run.
    func say(_ command: String) {
        let bytes = Array("trapped in: \(command)\n".utf8)
        length.store(0, ordering: .sequentiallyConsistent)
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = copy.initialize(from: bytes)
        text.store(UInt(bitPattern: copy.baseAddress), ordering: .sequentiallyConsistent)
        length.store(bytes.count, ordering: .sequentiallyConsistent)
    }

    private func speak() {
        guard let start = UnsafeRawPointer(bitPattern: text.load(ordering: .sequentiallyConsistent)) else { return }
        _ = write(STDERR_FILENO, start, length.load(ordering: .sequentiallyConsistent))
    }
}
