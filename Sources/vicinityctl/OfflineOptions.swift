// What the commands share that look at a state directory themselves, without a daemon.

internal import ArgumentParser
internal import Glibc
internal import VicinityClient
internal import VicinityOffline

/// Draws how far the work has come, if standard error is a terminal; and ends it after SIGINT or SIGTERM.
final class OfflineProgress {
    private let console = Console.standard
    private let interrupts = Signals.interrupts()
    private let began = Clock.monotonic()
    private let isShown: Bool
    private var label = ""
    private var bar: ProgressBar?

    /// - Parameter isShown: `false` where something else shows how far it is.
    init(isShown: Bool = true) { self.isShown = isShown && Console.standard.width != nil }

    /// Whether a signal has come.
    var isInterrupted: Bool { interrupts.mustEnd() }

    func show(_ progress: Progress) throws(Interruption) {
        try check()
        switch progress {
        case .checkingFile: announce("checking the file …")
        case .readingEvents(let done, let total): draw("reading events", done, of: total, count: done, "events")
        case .readingState(let done): draw("reading the state", done, of: nil, count: done, "pieces")
        case .copyingEvents(let done, let total): draw("copying events", done, of: total, count: done, "events")
        case .dumpingEvents(let done, let total): draw("dumping events", done, of: total, count: done, "events")
        case .writingState(let done): draw("writing the state", done, of: nil, count: done, "pieces")
        case .checkingResult: announce("checking what was saved …")
        }
    }

    /// Draws a share of something that is counted in bytes.
    func show(_ label: String, done: Int64, of total: Int64) throws(Interruption) {
        try check()
        draw(label, done, of: total, count: done >> 20, "MiB")
    }

    /// Ends the command if a signal has come: what was begun is gone by then.
    ///
    /// - Parameter consequence: for the sentence.
    func conclude(_ consequence: String) throws {
        clear()
        guard isInterrupted else { return }
        console.refuse("interrupted; \(consequence)")
        throw ExitCode(CommandStatus.interrupted.rawValue)
    }

    private func check() throws(Interruption) { if isInterrupted { throw Interruption() } }

    func clear() {
        bar?.clear()
        bar = nil
        if !label.isEmpty, isShown { console.draw("\r\u{1B}[K") }
        label = ""
    }

    /// Work of which nobody knows how long it takes.
    private func announce(_ text: String) {
        guard text != label else { return }
        clear()
        label = text
        if isShown { console.draw(text) }
    }

    private func draw(_ label: String, _ done: Int64, of total: Int64?, count: Int64, _ unit: String) {
        guard isShown else { return }
        let now = Clock.monotonic()
        if label != self.label {
            clear()
            bar = ProgressBar(label, counting: unit, on: console, now: now, patience: max(0, began + ProgressBar.patience - now))
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
