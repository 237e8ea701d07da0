// How much room a text takes on a terminal, which is not how many characters it has: 收费站 takes six columns.
//
// The ranges are those that Unicode's EastAsianWidth.txt calls wide or full-width, joined where only unassigned ones lie between;
// https://www.unicode.org/reports/tr11/

extension Character {
    /// 0, 1 or 2.
    var columns: Int {
        if isASCII { return 1 }
        guard let first = unicodeScalars.first else { return 0 }
        if unicodeScalars.contains(where: { $0.isWide || $0.properties.isEmojiPresentation }) { return 2 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return 1
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}

extension String {
    /// Columns of a terminal.
    var columns: Int { reduce(0) { $0 + $1.columns } }

    /// What of it fits; what is cut off leaves a `~`.
    func clipped(toColumns width: Int) -> String {
        guard columns > width else { return self }
        var text = ""
        var used = 0
        for character in self {
            guard used + character.columns < width else { break }
            text.append(character)
            used += character.columns
        }
        return width > 0 ? text + "~" : ""
    }

    /// Exactly `width` columns: cut off, or filled up with spaces.
    func fitted(toColumns width: Int, alignedRight: Bool = false) -> String {
        let text = clipped(toColumns: width)
        let spaces = String(repeating: " ", count: max(0, width - text.columns))
        return alignedRight ? spaces + text : text + spaces
    }

    /// Lines of at most `width` columns, broken between words; a longer word is cut off.
    func wrapped(toColumns width: Int) -> [String] {
        var lines: [String] = []
        for word in split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            if let last = lines.last, last.columns + 1 + String(word).columns <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word).clipped(toColumns: width))
            }
        }
        return lines.isEmpty ? [""] : lines
    }
}
