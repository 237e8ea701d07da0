/// How far the records of a file have been read, on the terminal.
package struct RecordBar {
    /// Records between two looks at the clock.
    private static let stride: Int64 = 256

    private var bar: ProgressBar
    /// Records that have been read.
    private(set) var count: Int64 = 0

    /// - Parameters:
    ///   - doing: a word for what is done to it.
    ///   - path: `-` is standard input.
    ///   - now: milliseconds of the clock of ``took(_:clock:)``.
    package init(_ doing: String, at path: String, counting unit: String = "records", on console: Console, now: Int64) {
        let name = path == "-" ? "stdin" : path.split(separator: "/").last.map(String.init) ?? path
        bar = ProgressBar("\(doing) \(name.terminalSafe)", counting: unit, on: console, now: now)
    }

    /// A record has been read.
    ///
    /// - Parameter progress: bytes that were read, and the size of the file if it is one.
    package mutating func took(_ progress: (read: Int64, size: Int64?), clock: () -> Int64) {
        count += 1
        if count.isMultiple(of: Self.stride) { bar.update(done: progress.read, of: progress.size, count: count, now: clock()) }
    }

    /// Takes the line away, if there is one.
    package mutating func clear() { bar.clear() }
}
