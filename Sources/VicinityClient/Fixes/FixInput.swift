// Several files as one stream of lines, and back from a line of the stream to a line of a file.

package struct FixInput: ~Copyable {
    /// Longer lines are cut to this; the daemon refuses them either way (its limit is 65,536), and a line is not worth a gigabyte.
    static let lineLimit = 96 << 10

    private let paths: [String]
    private var nextPath = 0
    private var current: LineSource?
    /// Where each file begins in the stream.
    private var starts: [(path: String, before: UInt64)] = []
    private var lines: UInt64 = 0
    private var bytesBefore: Int64 = 0

    /// Bytes of all files; `nil` if one is no regular file.
    package let size: Int64?

    /// - Throws: if one of them cannot be opened; nothing has been read then.
    package init(paths: [String]) throws(InputFault) {
        self.paths = paths
        var total: Int64? = 0
        for path in paths {
            if let size = try ByteSource.size(of: path), let sum = total { total = sum + size } else { total = nil }
        }
        size = total
    }

    package var bytesRead: Int64 {
        switch current {
        case .some(let source): bytesBefore + source.bytesRead
        case nil: bytesBefore
        }
    }

    /// What to wait for after ``LineSource/Step/idle``.
    package var rawDescriptor: CInt? {
        switch current {
        case .some(let source): source.rawDescriptor
        case nil: nil
        }
    }

    /// Replaces `line` by the next of the stream; never blocks on a pipe.
    package mutating func next(_ line: inout [UInt8]) throws(InputFault) -> LineSource.Step {
        while true {
            if current == nil {
                guard nextPath < paths.count else { return .end }
                current = LineSource(try ByteSource(path: paths[nextPath]), limit: Self.lineLimit)
                starts.append((paths[nextPath], lines))
                nextPath += 1
            }
            switch try current?.next(&line, mayBlock: false) {
            case .line:
                lines += 1
                return .line
            case .idle: return .idle
            case .end, nil:
                bytesBefore = bytesRead
                current = nil
            }
        }
    }

    /// `FILE:LINE` of a line of the stream, from 1.
    package func place(of line: UInt64) -> String {
        guard let start = starts.last(where: { $0.before < line }) else { return "line \(line)" }
        return "\(start.path == "-" ? "stdin" : start.path):\(line - start.before)"
    }
}
