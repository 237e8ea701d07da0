/// systemd/vicinity.catalog, read as `journalctl --update-catalog` does.
struct CatalogueFile {
    struct Entry {
        let id: String
        /// What stands before the first empty line.
        var header: [String: String] = [:]
        var body = ""
    }

    private(set) var entries: [Entry] = []

    init(_ text: String) {
        var isHeader = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.first != "#", line.first != ";" else { continue }
            if line.hasPrefix("-- ") {
                entries.append(Entry(id: String(line.dropFirst(3))))
                isHeader = true
            } else if let last = entries.indices.last {
                if line.isEmpty { isHeader = false }
                if isHeader, let colon = line.firstRange(of: ": ") {
                    entries[last].header[String(line[..<colon.lowerBound])] = String(line[colon.upperBound...])
                } else {
                    entries[last].body += line + "\n"
                }
            }
        }
    }
}

extension CatalogueFile.Entry {
    /// The fields that it puts into its text: what stands between two `@`.
    var fields: [String] {
        let pieces = ((header["Subject"] ?? "") + "\n" + body).split(separator: "@", omittingEmptySubsequences: false)
        return pieces.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }
}
