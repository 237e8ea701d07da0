// Where a command's words go: results to standard output, everything about the work to standard error.

internal import Glibc

package struct Console: Sendable {
    private let output: CInt
    private let errors: CInt
    /// Columns of the terminal that standard error is; `nil` if it is none.
    package let width: Int?

    /// The process's own standard output and standard error.
    package static let standard = Console(output: STDOUT_FILENO, errors: STDERR_FILENO)

    package init(output: CInt, errors: CInt) {
        self.output = output
        self.errors = errors
        guard isatty(errors) == 1 else {
            width = nil
            return
        }
        var size = winsize()
        width = ioctl(errors, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// Whether what is said is read as it comes, so that rows tell by themselves how far the work is.
    package var isRead: Bool { isatty(output) == 1 }

    /// Whether what is said goes to a terminal that shows colours, and nobody minds them (https://no-color.org).
    package var hasColours: Bool {
        isRead && Self.variable("NO_COLOR").isEmpty && Self.variable("TERM") != "dumb"
    }

    /// Whether who reads what is said takes it for UTF-8: by the first that is set of the three variables of the locale (POSIX.1-2017, 8.2).
    package static var speaksUTF8: Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map { variable($0) }.first { !$0.isEmpty } ?? ""
        let name = locale.uppercased()
        return name.contains("UTF-8") || name.contains("UTF8")
    }

    private static func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }

    package func say(_ text: String) { write(text + "\n", to: output) }

    /// Bytes as they are, for output that is made in blocks.
    package func say(_ bytes: [UInt8]) { _ = writeAll(bytes[...], to: output) }

    package func complain(_ text: String) { write(text + "\n", to: errors) }

    /// To standard error without a newline: what a progress bar draws.
    package func draw(_ text: String) { write(text, to: errors) }

    private func write(_ text: String, to descriptor: CInt) { _ = writeAll(Array(text.utf8)[...], to: descriptor) }
}
