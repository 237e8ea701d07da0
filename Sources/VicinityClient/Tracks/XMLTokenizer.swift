// The tags and the text of an XML file, one after the other, in memory that does not depend on the file. As much of XML 1.0 as
// recorders of tracks write; docs/decisions/0035-gpx-by-a-small-tokenizer.md says what is left out and why.
//
// Nothing is expanded but the five entities that XML itself has, and characters by number: what is in memory is never more than what
// was read. What the caller does not keep (comments, texts of other elements) is passed over and not checked to the letter.
//
// Here is the loop that tells text from markup, and what it keeps in mind. What each is made of is in XMLTokenizer+Text.swift,
// +Tags.swift (which give tokens) and +Declarations.swift (which gives none); the bytes come from an XMLCursor.

/// Why there is no next token; there is none after it either.
enum XMLFault: Error, Equatable, Sendable {
    case input(InputFault)
    /// A clause, and the line it is about, from 1.
    case malformed(why: String, line: Int)
}

struct XMLTokenizer: ~Copyable {
    enum Token: Equatable, Sendable {
        /// `<name key="value">`. Of `<name/>` a ``close`` comes next.
        case open(name: String, attributes: [Attribute])
        case close
        /// A piece of text, in ``XMLTokenizer/text``; the next may go on with it.
        case text
        /// The end of the file, which is well formed as far as it was looked at.
        case end
    }

    struct Attribute: Equatable, Sendable {
        let name: String
        let value: String
    }

    /// Elements that may be open at once.
    static let depthLimit = 64
    /// Bytes of one tag, with all its attributes.
    static let tagLimit = 64 << 10
    /// Attributes of one tag.
    static let attributeLimit = 64
    /// Bytes at which a piece of text is given to the caller.
    static let pieceLimit = 16 << 10

    /// The bytes of the last ``Token/text``, references resolved; cut anywhere, even within a character.
    var text: [UInt8] = []
    /// The line on which the last token began, from 1.
    var tokenLine = 1

    // What follows is the business of the extensions.

    enum Mode {
        case beforeAll
        case beforeRoot
        case inRoot
        case inCDATA
        case afterRoot
    }

    var cursor: XMLCursor
    var mode = Mode.beforeAll
    /// The elements that are open, the outermost first: the name as it may be shown, and the line of the tag.
    var open: [(name: String, line: Int)] = []
    /// The last tag was `<name/>`.
    var closesAtOnce = false
    /// Bytes of the tag that is being read.
    var tagSize = 0

    /// - Parameter source: may have a chunk at hand already.
    init(_ source: consuming ByteSource) {
        cursor = XMLCursor(source)
    }

    var name: String { cursor.name }
    var progress: (read: Int64, size: Int64?) { cursor.progress }

    /// - Complexity: O(bytes). Allocates only for tags.
    mutating func next() throws(XMLFault) -> Token {
        if mode == .beforeAll { try begin() }
        text.removeAll(keepingCapacity: true)
        if closesAtOnce { return closeTop() }
        while true {
            if mode == .inCDATA {
                try takeCDATA()
                if !text.isEmpty { return .text }
                continue
            }
            guard let byte = try cursor.peek() else { return try end() }
            guard byte == UInt8(ascii: "<") else {
                try takeCharacter()
                if text.count >= Self.pieceLimit { return .text }
                continue
            }
            if !text.isEmpty { return .text }
            tokenLine = cursor.line
            _ = try cursor.take()
            if let token = try takeMarkup() { return token }
        }
    }

    /// Looks at the first bytes: only UTF-8 is read.
    private mutating func begin() throws(XMLFault) {
        mode = .beforeRoot
        guard let first = try cursor.peek(), first >= 0xEF else { return }
        let mark = [try need(), try need()]
        if mark == [0xFE, 0xFF] || mark == [0xFF, 0xFE] { throw fault("the encoding is UTF-16, must be UTF-8") }
        guard mark == [0xEF, 0xBB], try need() == 0xBF else { throw fault("this is not XML in UTF-8") }
    }

    private func end() throws(XMLFault) -> Token {
        guard open.isEmpty else { throw atEnd() }
        guard mode == .afterRoot else { throw .malformed(why: "there is no element", line: cursor.line) }
        return .end
    }

    /// What follows a `<`.
    ///
    /// - Returns: `nil` for what is no token.
    private mutating func takeMarkup() throws(XMLFault) -> Token? {
        tagSize = 0
        switch try cursor.peek() {
        case UInt8(ascii: "/"):
            _ = try cursor.take()
            return try takeCloseTag()
        case UInt8(ascii: "?"):
            _ = try cursor.take()
            try takeInstruction()
            return nil
        case UInt8(ascii: "!"):
            _ = try cursor.take()
            try takeDeclaration()
            return nil
        default: return try takeOpenTag()
        }
    }

    // MARK: - What must be there, and what to say if it is not

    /// The next byte, which must be there.
    mutating func need() throws(XMLFault) -> UInt8 {
        guard let byte = try cursor.take() else { throw atEnd() }
        return byte
    }

    /// - Returns: a fault in what began at ``tokenLine``.
    func fault(_ why: String) -> XMLFault { .malformed(why: why, line: tokenLine) }

    /// - Returns: the fault of a file that ends too early.
    func atEnd() -> XMLFault {
        if let (name, line) = open.last {
            return .malformed(why: "the file ends within <\(name)>, which was opened on line \(line)", line: cursor.line)
        }
        return .malformed(why: "the file ends within a tag", line: cursor.line)
    }
}
