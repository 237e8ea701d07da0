// Text: characters, references and CDATA sections.

extension XMLTokenizer {
    /// Appends the next character, or what a reference stands for, to ``text``.
    mutating func takeCharacter() throws(XMLFault) {
        if text.isEmpty { tokenLine = cursor.line }
        let byte = try need()
        if byte == UInt8(ascii: "&") {
            tokenLine = cursor.line
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

    func check(_ byte: UInt8) throws(XMLFault) {
        if byte < 0x20, !byte.isSpace { throw .malformed(why: "there is a control character", line: cursor.line) }
    }

    /// What follows a `&`, and the bytes it stands for.
    mutating func takeReference() throws(XMLFault) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let byte = try need()
            if byte == UInt8(ascii: ";") { break }
            guard bytes.count < 16, byte == UInt8(ascii: "#") || byte.isXMLNameByte else {
                throw fault("a & begins no reference; write &amp;")
            }
            bytes.append(byte)
        }
        return try meaning(of: String(decoding: bytes, as: UTF8.self))
    }

    /// - Parameter name: what stands between `&` and `;`.
    private func meaning(of name: String) throws(XMLFault) -> [UInt8] {
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
    mutating func takeCDATA() throws(XMLFault) {
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
}
