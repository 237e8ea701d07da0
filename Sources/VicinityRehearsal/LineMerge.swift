internal import VicinityClient

/// The lines of several files in the order in which they are due; among equals, in the order of the command line and of the file.
struct LineMerge {
    private let files: [RecordedFile]
    /// The next line of each file; `nil` at its end.
    private var heads: [RecordedLine?] = []

    /// Opens all files.
    ///
    /// - Parameter now: milliseconds of a clock that does not step, for the progress.
    /// - Throws: if one cannot be read, or is a track and broken.
    init(_ paths: [String], decoder: LineDecoder, console: Console, now: () -> Int64) throws(ClientFault) {
        var files: [RecordedFile] = []
        for (index, path) in paths.enumerated() {
            files.append(try RecordedFile.open(path, index: index, decoder: decoder, console: console, now: now))
        }
        self.files = files
        do throws(InputFault) {
            var beginnings: [Int64?] = []
            for file in files { beginnings.append(try file.beginning) }
            // Lines before the first time of their file are due with it; a file without times begins with the others.
            let earliest = beginnings.compactMap { $0 }.min() ?? 0
            for (file, beginning) in zip(files, beginnings) {
                file.begin(at: beginning ?? earliest)
                heads.append(try file.next())
            }
        } catch {
            throw .input(error)
        }
    }

    /// Bytes of all files that were read, and of how many; `nil` if one of them is no file.
    ///
    /// - Complexity: O(files).
    var progress: (read: Int64, size: Int64?) {
        let parts = files.map(\.progress)
        let sizes = parts.compactMap(\.size)
        return (parts.reduce(0) { $0 + $1.read }, sizes.count == parts.count ? sizes.reduce(0, +) : nil)
    }

    /// - Returns: `nil` at the end of all.
    /// - Complexity: O(files).
    mutating func next() throws(InputFault) -> RecordedLine? {
        var first: (index: Int, line: RecordedLine)?
        for (index, head) in heads.enumerated() {
            guard let head else { continue }
            if let best = first, best.line.due <= head.due { continue }
            first = (index, head)
        }
        guard let (index, line) = first else { return nil }
        heads[index] = try files[index].next()
        return line
    }
}
