// What is no token: the XML declaration, the document type, comments, instructions; and the beginning of a CDATA section.

extension XMLTokenizer {
    /// What follows a `<!`.
    mutating func takeDeclaration() throws(XMLFault) {
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

    private mutating func take(_ word: StaticString) throws(XMLFault) {
        for index in 0..<word.utf8CodeUnitCount {
            guard try need() == word.withUTF8Buffer({ $0[index] }) else { throw fault("<! begins nothing that is known") }
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

    /// What follows a `<?`, up to `?>`; of the XML declaration the encoding matters.
    mutating func takeInstruction() throws(XMLFault) {
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
}
