// Tags: names, attributes, and which element a tag opens or closes.

extension XMLTokenizer {
    /// What follows a `</`.
    mutating func takeCloseTag() throws(XMLFault) -> Token {
        let name = try takeName()
        try skipSpace()
        guard try needInTag() == UInt8(ascii: ">") else { throw fault("the closing tag of \(name.terminalSafe) holds more than its name") }
        guard let (expected, line) = open.last else { throw fault("</\(name.terminalSafe)> closes nothing") }
        guard name == expected else {
            throw fault("</\(name.terminalSafe)> closes <\(expected)>, which was opened on line \(line)")
        }
        return closeTop()
    }

    /// Closes the element that was opened last.
    mutating func closeTop() -> Token {
        closesAtOnce = false
        open.removeLast()
        if open.isEmpty { mode = .afterRoot }
        return .close
    }

    /// What follows the `<` of a tag that opens an element.
    mutating func takeOpenTag() throws(XMLFault) -> Token {
        let name = try takeName()
        guard mode != .afterRoot else { throw fault("<\(name.terminalSafe)> comes after the outermost element") }
        guard open.count < Self.depthLimit else { throw fault("the elements are nested deeper than \(Self.depthLimit)") }
        var attributes: [Attribute] = []
        while true {
            let hadSpace = try skipSpace()
            switch try peekInTag() {
            case UInt8(ascii: ">"):
                _ = try cursor.take()
            case UInt8(ascii: "/"):
                _ = try cursor.take()
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

    // MARK: - Bytes within a tag

    private mutating func peekInTag() throws(XMLFault) -> UInt8 {
        guard let byte = try cursor.peek() else { throw atEnd() }
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
        while try peekInTag().isXMLNameByte { bytes.append(try needInTag()) }
        guard let first = bytes.first, first.isXMLNameStart else { throw fault("a name was expected") }
        guard let name = String(validating: bytes, as: UTF8.self) else { throw fault("a name is not UTF-8") }
        return name
    }
}

extension UInt8 {
    /// Whether it may begin a name, as far as one byte tells: any byte of a character beyond ASCII may.
    fileprivate var isXMLNameStart: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), UInt8(ascii: ":"): true
        default: self >= 0x80
        }
    }

    /// Whether it may stand in a name.
    var isXMLNameByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: isXMLNameStart
        }
    }
}
