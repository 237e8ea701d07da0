// The tags and the text of an XML file, one after the other, in memory that does not depend on the file. As much of XML 1.0 as
// recorders of tracks write; docs/decisions/0035-gpx-by-a-small-tokenizer.md says what is left out and why.
//
// Nothing is expanded but the five entities that XML itself has, and characters by number: what is in memory is never more than what
// was read. What the caller does not keep (comments, texts of other elements) is passed over and not checked to the letter.

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
    private(set) var text: [UInt8] = []
    /// The line on which the last token began, from 1.
    private(set) var tokenLine = 1

    private var source: ByteSource
    private var position = 0
    private var line = 1
    private var lastWasReturn = false
    private var mode = Mode.beforeAll
    private var open: [(name: String, line: Int)] = []
    private var closesAtOnce = false
    /// Bytes of the tag that is being read.
    private var tagSize = 0

    private enum Mode {
        case beforeAll
        case beforeRoot
        case inRoot
        case inCDATA
        case afterRoot
    }

    /// - Parameter source: may have a chunk at hand already.
    init(_ source: consuming ByteSource) {
        self.source = source
    }

    var name: String { source.name }
    var progress: (read: Int64, size: Int64?) { (source.bytesRead, source.size) }

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
            guard let byte = try peek() else { return try end() }
            guard byte == UInt8(ascii: "<") else {
                try takeCharacter()
                if text.count >= Self.pieceLimit { return .text }
                continue
            }
            if !text.isEmpty { return .text }
            tokenLine = line
            _ = try take()
            if let token = try takeMarkup() { return token }
        }
    }

    // MARK: - Bytes

    private mutating func peek() throws(XMLFault) -> UInt8? {
        while position == source.chunk.count {
            position = 0
            do {
                if try !source.readMore() { return nil }
            } catch {
                throw .input(error)
            }
        }
        return source.chunk[position]
    }

    private mutating func take() throws(XMLFault) -> UInt8? {
        guard let byte = try peek() else { return nil }
        position += 1
        // A carriage return ends a line, and so does the line feed that is not behind one.
        if byte == 0x0D || (byte == 0x0A && !lastWasReturn) { line += 1 }
        lastWasReturn = byte == 0x0D
        return byte
    }

    /// The next byte, which must be there.
    private mutating func need() throws(XMLFault) -> UInt8 {
        guard let byte = try take() else { throw atEnd() }
        return byte
    }

    private mutating func take(_ word: StaticString) throws(XMLFault) {
        for index in 0..<word.utf8CodeUnitCount {
            guard try need() == word.withUTF8Buffer({ $0[index] }) else { throw fault("<! begins nothing that is known") }
        }
    }

    private func fault(_ why: String) -> XMLFault { .malformed(why: why, line: tokenLine) }

    private func atEnd() -> XMLFault {
        if let (name, line) = open.last {
            return .malformed(why: "the file ends within <\(name)>, which was opened on line \(line)", line: self.line)
        }
        return .malformed(why: "the file ends within a tag", line: line)
    }

    private func end() throws(XMLFault) -> Token {
        guard open.isEmpty else { throw atEnd() }
        guard mode == .afterRoot else { throw .malformed(why: "there is no element", line: line) }
        return .end
    }

    /// Looks at the first bytes: only UTF-8 is read.
    private mutating func begin() throws(XMLFault) {
        mode = .beforeRoot
        guard let first = try peek(), first >= 0xEF else { return }
        let mark = [try need(), try need()]
        if mark == [0xFE, 0xFF] || mark == [0xFF, 0xFE] { throw fault("the encoding is UTF-16, must be UTF-8") }
        guard mark == [0xEF, 0xBB], try need() == 0xBF else { throw fault("this is not XML in UTF-8") }
    }

    // MARK: - Text

    private mutating func takeCharacter() throws(XMLFault) {
        if text.isEmpty { tokenLine = line }
        let byte = try need()
        if byte == UInt8(ascii: "&") {
            tokenLine = line
            text.append(contentsOf: try takeReference())
        } else {
            try check(byte)
            text.append(byte)
        }
        // White space round the outermost element is nobody's text.
        guard mode != .inRoot else { return }
        guard text.allSatisfy(\.isSpace) else { throw fault("there is text outside the outermost element") }
        text.removeAll(keepingCapacity: true)
    }

    private func check(_ byte: UInt8) throws(XMLFault) {
        if byte < 0x20, !byte.isSpace { throw .malformed(why: "there is a control character", line: line) }
    }

    /// What follows a `&`, and the bytes it stands for.
    private mutating func takeReference() throws(XMLFault) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let byte = try need()
            if byte == UInt8(ascii: ";") { break }
            guard bytes.count < 16, byte == UInt8(ascii: "#") || Self.isNameByte(byte) else {
                throw fault("a & begins no reference; write &amp;")
            }
            bytes.append(byte)
        }
        let name = String(decoding: bytes, as: UTF8.self)
        switch name {
        case "amp": return [UInt8(ascii: "&")]
        case "lt": return [UInt8(ascii: "<")]
        case "gt": return [UInt8(ascii: ">")]
        case "quot": return [UInt8(ascii: "\"")]
        case "apos": return [UInt8(ascii: "'")]
        default: break
        }
        guard name.hasPrefix("#") else {
            throw fault("the entity &\(name.terminalSafe); is not known: none is expanded but those of XML itself")
        }
        let isHexadecimal = name.hasPrefix("#x")
        let digits = name.dropFirst(isHexadecimal ? 2 : 1)
        guard digits.allSatisfy(\.isHexDigit), let code = UInt32(digits, radix: isHexadecimal ? 16 : 10),
            let scalar = Unicode.Scalar(code), code >= 0x20 || [0x09, 0x0A, 0x0D].contains(code)
        else { throw fault("&\(name.terminalSafe); is no character") }
        return Array(String(Character(scalar)).utf8)
    }

    /// Takes a CDATA section up to its end, or a piece of it.
    private mutating func takeCDATA() throws(XMLFault) {
        var brackets = 0
        while true {
            let byte = try need()
            if byte == UInt8(ascii: "]") {
                brackets += 1
                // Of a long run of brackets only the last two may belong to the end.
                if brackets > 2 {
                    text.append(byte)
                    brackets = 2
                }
            } else if byte == UInt8(ascii: ">"), brackets == 2 {
                mode = .inRoot
                return
            } else {
                try check(byte)
                text.append(contentsOf: repeatElement(UInt8(ascii: "]"), count: brackets))
                text.append(byte)
                brackets = 0
            }
            if text.count >= Self.pieceLimit, brackets == 0 { return }
        }
    }

    // MARK: - Markup

    /// What follows a `<`.
    ///
    /// - Returns: `nil` for what is no token.
    private mutating func takeMarkup() throws(XMLFault) -> Token? {
        tagSize = 0
        switch try peek() {
        case UInt8(ascii: "/"):
            _ = try take()
            return try takeCloseTag()
        case UInt8(ascii: "?"):
            _ = try take()
            try takeInstruction()
            return nil
        case UInt8(ascii: "!"):
            _ = try take()
            try takeDeclaration()
            return nil
        default: return try takeOpenTag()
        }
    }

    private mutating func takeDeclaration() throws(XMLFault) {
        switch try need() {
        case UInt8(ascii: "-"):
            try take("-")
            try skip(to: UInt8(ascii: "-"))
        case UInt8(ascii: "["):
            try take("CDATA[")
            guard mode == .inRoot else { throw fault("there is text outside the outermost element") }
            mode = .inCDATA
        case UInt8(ascii: "D"):
            try take("OCTYPE")
            guard mode == .beforeRoot else { throw fault("a document type must come before the outermost element") }
            try skipDocumentType()
        default: throw fault("<! begins nothing that is known")
        }
    }

    /// Passes over a comment: up to two of `byte` and a `>`.
    private mutating func skip(to byte: UInt8) throws(XMLFault) {
        var seen = 0
        while true {
            let next = try need()
            if next == UInt8(ascii: ">"), seen >= 2 { return }
            seen = next == byte ? seen + 1 : 0
        }
    }

    /// The name of a document type says nothing to us; declarations in it might define entities, and are refused.
    private mutating func skipDocumentType() throws(XMLFault) {
        var quote: UInt8?
        while true {
            let byte = try need()
            if let open = quote {
                if byte == open { quote = nil }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
            case UInt8(ascii: "["): throw fault("the document type holds declarations, which are not taken: no entity is expanded")
            case UInt8(ascii: ">"): return
            default: break
            }
        }
    }

    /// `<?…?>`; of the XML declaration the encoding matters.
    private mutating func takeInstruction() throws(XMLFault) {
        var beginning: [UInt8] = []
        var wasMark = false
        while true {
            let byte = try need()
            if byte == UInt8(ascii: ">"), wasMark { break }
            wasMark = byte == UInt8(ascii: "?")
            if beginning.count < 1_024 { beginning.append(byte) }
        }
        guard beginning.starts(with: "xml".utf8), beginning.count > 3, beginning[3].isSpace,
            let text = String(validating: beginning, as: UTF8.self), let declared = text.firstRange(of: "encoding")
        else { return }
        let value = text[declared.upperBound...].drop { "= \t\r\n\"'".contains($0) }
        let encoding = value.prefix { !"\"'? \t\r\n".contains($0) }
        guard ["UTF-8", "UTF8", "US-ASCII", "ASCII"].contains(encoding.uppercased()) else {
            throw fault("the encoding is \(String(encoding).terminalSafe), must be UTF-8")
        }
    }

    private mutating func takeCloseTag() throws(XMLFault) -> Token {
        let name = try takeName()
        try skipSpace()
        guard try needInTag() == UInt8(ascii: ">") else { throw fault("the closing tag of \(name.terminalSafe) holds more than its name") }
        guard let (expected, line) = open.last else { throw fault("</\(name.terminalSafe)> closes nothing") }
        guard name == expected else {
            throw fault("</\(name.terminalSafe)> closes <\(expected)>, which was opened on line \(line)")
        }
        return closeTop()
    }

    private mutating func closeTop() -> Token {
        closesAtOnce = false
        open.removeLast()
        if open.isEmpty { mode = .afterRoot }
        return .close
    }

    private mutating func takeOpenTag() throws(XMLFault) -> Token {
        let name = try takeName()
        guard mode != .afterRoot else { throw fault("<\(name.terminalSafe)> comes after the outermost element") }
        guard open.count < Self.depthLimit else { throw fault("the elements are nested deeper than \(Self.depthLimit)") }
        var attributes: [Attribute] = []
        while true {
            let hadSpace = try skipSpace()
            switch try peekInTag() {
            case UInt8(ascii: ">"):
                _ = try take()
            case UInt8(ascii: "/"):
                _ = try take()
                guard try needInTag() == UInt8(ascii: ">") else { throw fault("a / within <\(name.terminalSafe)>") }
                closesAtOnce = true
            default:
                guard hadSpace else { throw fault("the name of an attribute was expected in <\(name.terminalSafe)>") }
                guard attributes.count < Self.attributeLimit else {
                    throw fault("<\(name.terminalSafe)> has more than \(Self.attributeLimit) attributes")
                }
                let attribute = try takeAttribute()
                guard !attributes.contains(where: { $0.name == attribute.name }) else {
                    throw fault("<\(name.terminalSafe)> has \(attribute.name.terminalSafe) twice")
                }
                attributes.append(attribute)
                continue
            }
            mode = .inRoot
            open.append((name.terminalSafe, tokenLine))
            return .open(name: name, attributes: attributes)
        }
    }

    private mutating func takeAttribute() throws(XMLFault) -> Attribute {
        let name = try takeName()
        try skipSpace()
        guard try needInTag() == UInt8(ascii: "=") else { throw fault("the attribute \(name.terminalSafe) has no value") }
        try skipSpace()
        let quote = try needInTag()
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            throw fault("the value of \(name.terminalSafe) does not stand in quotes")
        }
        var value: [UInt8] = []
        while true {
            let byte = try needInTag()
            if byte == quote { break }
            switch byte {
            case UInt8(ascii: "<"): throw fault("there is a < in the value of \(name.terminalSafe)")
            case UInt8(ascii: "&"): value.append(contentsOf: try takeReference())
            case 0x09, 0x0A, 0x0D: value.append(0x20)
            default:
                try check(byte)
                value.append(byte)
            }
        }
        guard let text = String(validating: value, as: UTF8.self) else { throw fault("the value of \(name.terminalSafe) is not UTF-8") }
        return Attribute(name: name, value: text)
    }

    // MARK: - Within a tag

    private mutating func peekInTag() throws(XMLFault) -> UInt8 {
        guard let byte = try peek() else { throw atEnd() }
        return byte
    }

    private mutating func needInTag() throws(XMLFault) -> UInt8 {
        tagSize += 1
        guard tagSize <= Self.tagLimit else { throw fault("a tag is longer than \(Self.tagLimit) bytes") }
        return try need()
    }

    /// - Returns: whether there was any.
    @discardableResult
    private mutating func skipSpace() throws(XMLFault) -> Bool {
        var isAny = false
        while try peekInTag().isSpace {
            _ = try needInTag()
            isAny = true
        }
        return isAny
    }

    private mutating func takeName() throws(XMLFault) -> String {
        var bytes: [UInt8] = []
        while Self.isNameByte(try peekInTag()) { bytes.append(try needInTag()) }
        guard let first = bytes.first, Self.isNameStart(first) else { throw fault("a name was expected") }
        guard let name = String(validating: bytes, as: UTF8.self) else { throw fault("a name is not UTF-8") }
        return name
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: ":"): true
        default: byte >= 0x80
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: isNameStart(byte)
        }
    }
}
