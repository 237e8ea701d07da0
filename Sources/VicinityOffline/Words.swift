// Numbers as people read them.

/// 1234567 as "1,234,567".
func grouped(_ number: some BinaryInteger) -> String {
    var text = ""
    let digits = String(number.magnitude)
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return number < 0 ? "-" + text : text
}

/// "1 event", "2,657 events".
func counted(_ number: some BinaryInteger, _ noun: String) -> String { "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")" }

/// Bytes in the unit that keeps them short: "512 B", "181 KiB", "1.4 GiB".
func byteText(_ bytes: Int64) -> String {
    var size = Double(bytes)
    for unit in ["B", "KiB", "MiB"] {
        if size < 1000 { return unit == "B" || size >= 10 ? "\(Int(size.rounded())) \(unit)" : "\((size * 10).rounded() / 10) \(unit)" }
        size /= 1024
    }
    return "\((size * 10).rounded() / 10) GiB"
}

extension String {
    /// Filled up with spaces to `width` characters, and one more.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension Findings {
    /// A line each, and one for those that were not kept.
    func lines(_ line: (Finding) -> String) -> [String] {
        var lines: [String] = []
        for part in Finding.Part.allCases {
            lines += list.filter { $0.part == part }.map(line)
            if let more = more[part] { lines.append("\(part.rawValue): and \(grouped(more)) more") }
        }
        return lines
    }
}
