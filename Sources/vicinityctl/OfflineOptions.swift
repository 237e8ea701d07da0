// What the commands share that look at a state directory themselves, without a daemon.

internal import ArgumentParser
internal import Glibc
internal import VicinityClient
internal import VicinityOffline

/// Draws how far the work has come, if standard error is a terminal.
final class OfflineProgress {
    private let console = Console.standard
    private var label = ""
    private var bar: ProgressBar?

    func show(_ progress: Progress) {
        switch progress {
        case .checkingFile: announce("checking the file …")
        case .readingEvents(let done, let total): draw("reading events", done, of: total, count: done, "events")
        case .readingState(let done): draw("reading the state", done, of: nil, count: done, "pieces")
        case .copyingEvents(let done, let total): draw("copying events", done, of: total, count: done, "events")
        case .checkingResult: announce("checking what was saved …")
        }
    }

    /// Draws a share of something that is counted in bytes.
    func show(_ label: String, done: Int64, of total: Int64) { draw(label, done, of: total, count: done >> 20, "MiB") }

    func clear() {
        bar?.clear()
        bar = nil
        if !label.isEmpty, console.width != nil { console.draw("\r\u{1B}[K") }
        label = ""
    }

    /// Work of which nobody knows how long it takes.
    private func announce(_ text: String) {
        clear()
        label = text
        if console.width != nil { console.draw(text) }
    }

    private func draw(_ label: String, _ done: Int64, of total: Int64?, count: Int64, _ unit: String) {
        let now = Clock.monotonic()
        if label != self.label {
            clear()
            bar = ProgressBar(label, counting: unit, on: console, now: now)
            self.label = label
        }
        bar?.update(done: done, of: total, count: count, now: now)
    }
}

extension Console {
    /// Text whose lines may hold ids from a damaged file.
    func saySafely(_ text: String) {
        say(text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).terminalSafe }.joined(separator: "\n"))
    }

    func refuse(_ sentence: String) { complain("vicinityctl: \(sentence.terminalSafe)") }
}

extension ExaminationStatus {
    /// Ends the command, unless all is well.
    func conclude() throws {
        if self != .sound { throw ExitCode(rawValue) }
    }
}
