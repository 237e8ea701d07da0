// The whole screen of a terminal, borrowed: what was on it and how the terminal behaved is given back in any case.

internal import Glibc

/// The second screen of a terminal, without a cursor, and its keys as they are pressed.
///
/// Sequences are those of xterm: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
struct FullScreen: ~Copyable {
    private let input: CInt
    private let output: CInt
    /// As it was before; `nil` where keys come from no terminal, so that there are none.
    private let original: termios?
    private var isEntered = false

    /// Whether there is a terminal that can show a screen.
    ///
    /// - Parameter kind: as `TERM` names it; `nil` if it does not.
    static func isPossible(on output: CInt, kind: String?) -> Bool {
        guard isatty(output) == 1, let kind else { return false }
        return !kind.isEmpty && kind != "dumb"
    }

    init(input: CInt = STDIN_FILENO, output: CInt = STDOUT_FILENO) {
        self.input = input
        self.output = output
        var settings = termios()
        original = tcgetattr(input, &settings) == 0 ? settings : nil
        enter()
    }

    deinit {
        // The same as leave(), which a deinit may not call.
        if isEntered { Self.giveBack(input, output, original) }
    }

    /// Where keys come from; −1 if from nowhere, which `poll` passes over.
    var keys: CInt { original == nil ? -1 : input }

    /// The size that the terminal has now.
    var size: TopScreen.Size { Self.size(of: output) }

    static func size(of output: CInt) -> TopScreen.Size {
        var found = winsize()
        guard ioctl(output, UInt(TIOCGWINSZ), &found) == 0, found.ws_col > 0, found.ws_row > 0 else { return TopScreen.smallest }
        return TopScreen.Size(columns: Int(found.ws_col), rows: Int(found.ws_row))
    }

    /// Takes the screen over.
    mutating func enter() {
        guard !isEntered else { return }
        isEntered = true
        if var settings = original {
            cfmakeraw(&settings)
            tcsetattr(input, TCSADRAIN, &settings)
        }
        // The second screen, no cursor, and no new line where a line is full.
        send("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J")
    }

    /// Gives the screen back, to be taken over again by ``enter()``.
    mutating func leave() {
        guard isEntered else { return }
        isEntered = false
        Self.giveBack(input, output, original)
    }

    private static func giveBack(_ input: CInt, _ output: CInt, _ original: termios?) {
        _ = writeAll(Array("\u{1B}[0m\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l".utf8)[...], to: output)
        guard var settings = original else { return }
        // Keys that were meant for us are not for the shell.
        tcsetattr(input, TCSAFLUSH, &settings)
    }

    /// Puts a line into each row; every row of the screen should have one.
    ///
    /// - Returns: false if the terminal is gone.
    func draw(_ lines: [TopLine], isStyled: Bool) -> Bool {
        let columns = size.columns
        var text = ""
        for (row, line) in lines.enumerated() {
            text += "\u{1B}[\(row + 1);1H" + line.text(isStyled: isStyled)
            // On a full row the cursor stands on the last character, and would erase that.
            if line.columns < columns { text += "\u{1B}[K" }
        }
        return send(text)
    }

    @discardableResult
    private func send(_ text: String) -> Bool { writeAll(Array(text.utf8)[...], to: output) }

    /// What was typed; empty if the terminal is gone.
    func read() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(input, &bytes, bytes.count)
        return Array(bytes[..<max(0, count)])
    }
}
