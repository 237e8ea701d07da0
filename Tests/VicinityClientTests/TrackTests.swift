import Foundation
import Glibc
import Testing

@testable import VicinityClient

/// What a GPX file says: the line of each point, or what is said instead, with its line in the file.
private func records(of path: String) throws -> [String] {
    var reader = try GPXReader(ByteSource(path: path))
    var found: [String] = []
    while let record = try reader.next() {
        switch record {
        case .point(let point, let line): found.append("\(line) \(point.track) \(String(decoding: point.line, as: UTF8.self))")
        case .bad(let error, let line): found.append("\(line) bad: \(error.why)")
        case .note(let text, let line): found.append("\(line) note: \(text)")
        case .broken(let error, let line): found.append("\(line) broken: \(error.why)")
        }
    }
    // The end stays the end.
    #expect(try reader.next() == nil)
    return found
}

private let point = "<trkpt lat=\"1\" lon=\"2\"><time>2024-05-01T00:00:00Z</time></trkpt>"

/// A whole file with these points in one track.
private func gpx(_ points: String, before: String = "") -> String {
    "\(before)<gpx><trk><trkseg>\(points)</trkseg></trk></gpx>"
}

@Suite struct TrackTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func records(in text: String) throws -> [String] { try VicinityClientTests.records(of: directory.write(text, to: "t.gpx")) }

    /// The expected records are the golden file beside each fixture.
    @Test(arguments: ["good.gpx", "bad.gpx"])
    func fixtures(name: String) throws {
        let found = try VicinityClientTests.records(of: Fixture.path(name))
        try Fixture.expect(found.joined(separator: "\n") + "\n", equals: "\(name).records")
        let zipped = try directory.write(gzip(Fixture.text(name)), to: "\(name).gz")
        #expect(try VicinityClientTests.records(of: zipped) == found)
        let crlf = try directory.write(Fixture.text(name).replacing("\n", with: "\r\n"), to: name)
        #expect(try VicinityClientTests.records(of: crlf) == found)
    }

    @Test func whatIsGPX() {
        for name in ["a.gpx", "A.GPX", "x/y.gpx.gz"] { #expect(GPXReader.isNamed(name), "\(name)") }
        for name in ["a.ndjson", "gpx", "a.gpx.txt", "-"] { #expect(!GPXReader.isNamed(name), "\(name)") }
        for text in ["<gpx>", "\u{FEFF}<?xml?>", " \n\t<gpx"] { #expect(GPXReader.isContent(Array(text.utf8)), "\(text)") }
        for text in ["", "{\"user\":\"<\"}", " \n{}", "x<gpx>", "\u{FEFF}"] { #expect(!GPXReader.isContent(Array(text.utf8)), "\(text)") }
    }

    // MARK: - Users

    @Test(arguments: [
        ("Morning walk", "Morning walk"), ("  a \n\t b\r\n", "a b"), ("a\u{7}b\u{85}c", "a b c"), ("", nil), (" \n ", nil), ("\u{1}", nil),
        ("ü", "ü"), ("👩‍👩‍👧", "👩‍👩‍👧"),
    ])
    func ids(name: String, id: String?) { #expect(TrackName.user(of: name) == id) }

    @Test(arguments: ["x", "ü", "🦓", "👩‍👩‍👧", "ab "])
    func longNamesAreCutBetweenCharacters(unit: String) throws {
        let id = try #require(TrackName.user(of: String(repeating: unit, count: 200)))
        #expect(id.utf8.count <= 128 && id.utf8.count > 128 - 2 * unit.utf8.count)
        #expect(String(repeating: unit, count: 200).hasPrefix(id))
        #expect(!id.hasSuffix(" "))
    }

    @Test(arguments: [
        ("a/b/Morning run.gpx.gz", "Morning run"), ("x.GPX", "x"), ("-", "stdin"), ("track", "track"), (".gpx", "track"), ("/", "track"),
    ])
    func idsOfFiles(path: String, id: String) { #expect(TrackName.user(ofFile: path) == id) }

    /// Whatever the name, the contract takes it as an id.
    @Test(arguments: UInt64(0)..<200)
    func idsAreIds(seed: UInt64) {
        var random = Seeded(state: seed)
        var name = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...150, using: &random) {
            let code = UInt32.random(in: 0...[0x7F, 0x9F, 0x3FF, 0x1_F9FF].randomElement(using: &random)!, using: &random)
            if let scalar = Unicode.Scalar(code) { name.append(scalar) }
        }
        let id = TrackName.user(ofFile: String(name))
        #expect((1...128).contains(id.utf8.count))
        #expect(!id.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) })
    }

    // MARK: - Times

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2024-05-01T12:34:56Z", 1_714_566_896_000), ("2024-05-01T12:34:56", 1_714_566_896_000),
        ("2024-05-01t12:34:56z", 1_714_566_896_000), ("2024-05-01 12:34:56", 1_714_566_896_000),
        ("2024-05-01T12:34:56.7Z", 1_714_566_896_700), ("2024-05-01T12:34:56,7895", 1_714_566_896_789),
        ("2024-05-01T12:34:56.000999Z", 1_714_566_896_000), ("2024-05-01T14:34:56+02:00", 1_714_566_896_000),
        ("2024-05-01T14:34:56+0200", 1_714_566_896_000), ("2024-05-01T14:34:56+02", 1_714_566_896_000),
        ("2024-05-01T09:04:56-03:30", 1_714_566_896_000), ("2000-02-29T23:59:59Z", 951_868_799_000),
        ("2024-02-29T24:00:00Z", 1_709_251_200_000), ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("1969-12-31T23:59:59.5Z", -500), ("0000-01-01T00:00:00Z", -62_167_219_200_000), ("9999-12-31T23:59:59Z", 253_402_300_799_000),
    ])
    func times(text: String, milliseconds: Int64) { #expect(TrackTime.milliseconds(text) == milliseconds) }

    @Test(arguments: [
        "", "2024", "2024-05-01", "2024-05-01T12:34Z", "2024-5-1T12:34:56Z", "24-05-01T12:34:56Z", "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z",
        "2024-04-31T00:00:00Z", "2024-04-00T00:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-05-01T24:00:01Z",
        "2024-05-01T25:00:00Z", "2024-05-01T12:60:00Z", "2024-05-01T12:34:61Z", "2024-05-01T12:34:56.Z", "2024-05-01T12:34:56+2",
        "2024-05-01T12:34:56+02:", "2024-05-01T12:34:56+24:00", "2024-05-01T12:34:56+02:60", "2024-05-01T12:34:56ZZ",
        "2024-05-01T12:34:56 Z", "-024-05-01T12:34:56Z", "２０２４-05-01T12:34:56Z", "2024-05-01T12:34:56.5.5Z", "2024-05-01T12:34:56+02:00Z",
    ])
    func noTimes(text: String) { #expect(TrackTime.milliseconds(text) == nil) }

    /// Against the system's calendar.
    @Test(arguments: UInt64(0)..<200)
    func anyTime(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let seconds = Int64.random(in: -60_000_000_000...250_000_000_000, using: &random)
        var time = time_t(seconds)
        var parts = tm()
        _ = try #require(gmtime_r(&time, &parts))
        func padded(_ number: Int32, _ width: Int = 2) -> String {
            String(repeating: "0", count: max(0, width - String(number).count)) + String(number)
        }
        let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
        let text = "\(date)T\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec)).042Z"
        #expect(TrackTime.milliseconds(text) == seconds * 1_000 + 42, "\(text)")
    }

    // MARK: - XML

    @Test(arguments: [
        "", "\u{FEFF}", "<?xml version='1.0' encoding='utf-8'?>\n", "<?xml version=\"1.0\"?><?xml-stylesheet href=\"x.xsl\"?>",
        "<!DOCTYPE gpx>", "<!DOCTYPE gpx SYSTEM \"a>b\">", "<!-- a - b -- > c --->", "<!---->", "<?x?>",
    ])
    func prologues(before: String) throws {
        let whole = ["1 0 {\"user\":\"t\",\"lat\":1.0,\"lon\":2.0,\"ts\":1714521600000}"]
        let found = try records(in: gpx(point, before: before)).map { $0.drop { $0 != " " } }
        #expect(found == whole.map { $0.drop { $0 != " " } })
    }

    @Test(arguments: [
        ("", "1 broken: there is no element"),
        (" \n\n", "3 broken: there is no element"),
        ("<!-- nothing -->", "1 broken: there is no element"),
        ("{\"user\":\"u\"}", "1 broken: there is text outside the outermost element"),
        ("<kml/>", "1 broken: the outermost element is <kml>, must be <gpx>"),
        ("<gpx>\n<trk>\n", "3 broken: the file ends within <trk>, which was opened on line 2"),
        ("<gpx>\n<trk", "2 broken: the file ends within <gpx>, which was opened on line 1"),
        ("<gp", "1 broken: the file ends within a tag"),
        ("<gpx>\n</gpz>", "2 broken: </gpz> closes <gpx>, which was opened on line 1"),
        ("<gpx></gpx>\n</gpx>", "2 broken: </gpx> closes nothing"),
        ("<gpx></gpx>\n\n<gpx>", "3 broken: <gpx> comes after the outermost element"),
        ("<gpx></gpx>\nx", "2 broken: there is text outside the outermost element"),
        ("<gpx/><![CDATA[x]]>", "1 broken: there is text outside the outermost element"),
        ("<gpx>\n\n&auml;</gpx>", "3 broken: the entity &auml; is not known: none is expanded but those of XML itself"),
        ("<gpx>a & b</gpx>", "1 broken: a & begins no reference; write &amp;"),
        ("<gpx>&aaaaaaaaaaaaaaaaaaaaaaaaaaaaa;</gpx>", "1 broken: a & begins no reference; write &amp;"),
        ("<gpx>&#0;</gpx>", "1 broken: &#0; is no character"),
        ("<gpx>&#xD800;</gpx>", "1 broken: &#xD800; is no character"),
        ("<gpx>&#x;</gpx>", "1 broken: &#x; is no character"),
        ("<gpx>&#xFFFFFFFFF;</gpx>", "1 broken: &#xFFFFFFFFF; is no character"),
        ("<gpx>\n\u{1}</gpx>", "2 broken: there is a control character"),
        ("<gpx a=\"\n\u{1}\"/>", "2 broken: there is a control character"),
        ("<gpx a=1/>", "1 broken: the value of a does not stand in quotes"),
        ("<gpx a/>", "1 broken: the attribute a has no value"),
        ("<gpx a='1' a='2'/>", "1 broken: <gpx> has a twice"),
        ("<gpx a='1'b='2'/>", "1 broken: the name of an attribute was expected in <gpx>"),
        ("<gpx a='<'/>", "1 broken: there is a < in the value of a"),
        ("<gpx / >", "1 broken: a / within <gpx>"),
        ("<gpx></gpx a='1'>", "1 broken: the closing tag of gpx holds more than its name"),
        ("< gpx/>", "1 broken: a name was expected"), ("<1/>", "1 broken: a name was expected"), ("</>", "1 broken: a name was expected"),
        ("<!ELEMENT a>", "1 broken: <! begins nothing that is known"), ("<!-x", "1 broken: <! begins nothing that is known"),
        ("<gpx/><!DOCTYPE gpx>", "1 broken: a document type must come before the outermost element"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?>\n<gpx/>", "1 broken: the encoding is ISO-8859-1, must be UTF-8"),
    ])
    func malformed(text: String, record: String) throws { #expect(try records(in: text) == [record]) }

    @Test func bytesThatAreNoUTF8() throws {
        for (bytes, expected) in [
            ([0xFF, 0xFE, 0x3C, 0x00], "1 broken: the encoding is UTF-16, must be UTF-8"),
            ([0xFE, 0xFF, 0x00, 0x3C], "1 broken: the encoding is UTF-16, must be UTF-8"),
            ([0xEF, 0xBB, 0xBE], "1 broken: this is not XML in UTF-8"),
            (Array("<gpx>\n<trk><name>a".utf8) + [0xE9] + Array("</name>".utf8), "2 broken: the text of <name> is not UTF-8"),
            (Array("<gpx a='".utf8) + [0xE9] + Array("'>".utf8), "1 broken: the value of a is not UTF-8"),
            (Array("<gpx ".utf8) + [0xE9] + Array("='1'>".utf8), "1 broken: a name is not UTF-8"),
        ] as [([UInt8], String)] {
            #expect(try VicinityClientTests.records(of: directory.write(bytes, to: "t.gpx")) == [expected])
        }
    }

    /// What was read before the fault was good, and is given.
    @Test func pointsBeforeAFault() throws {
        let found = try records(in: "<gpx><trk><trkseg>\n\(point)\n\(point.replacing("lon", with: "lat"))")
        #expect(
            found == ["2 0 {\"user\":\"t\",\"lat\":1.0,\"lon\":2.0,\"ts\":1714521600000}", "3 broken: <trkpt> has lat twice"])
    }

    // MARK: - Bounds

    @Test func aBillionLaughs() throws {
        let declarations = (1...9).map { "<!ENTITY l\($0) \"" + String(repeating: "&l\($0 - 1);", count: 10) + "\">\n" }.joined()
        let text = gpx("&l9;", before: "<?xml version=\"1.0\"?>\n<!DOCTYPE gpx [\n<!ENTITY l0 \"ha\">\n\(declarations)]>\n")
        #expect(
            try records(in: text) == ["2 broken: the document type holds declarations, which are not taken: no entity is expanded"])
    }

    @Test func depthIsBounded() throws {
        func nested(_ depth: Int) -> String {
            "<gpx>" + String(repeating: "<a>", count: depth - 1) + String(repeating: "</a>", count: depth - 1) + "</gpx>"
        }
        #expect(try records(in: nested(XMLTokenizer.depthLimit)) == [])
        #expect(try records(in: nested(XMLTokenizer.depthLimit + 1)) == ["1 broken: the elements are nested deeper than 64"])
        #expect(
            try records(in: "<gpx>" + String(repeating: "<a>", count: 10_000)) == ["1 broken: the elements are nested deeper than 64"])
    }

    @Test func tagsAreBounded() throws {
        let limit = XMLTokenizer.tagLimit
        // `gpx a="">` has nine bytes, of which the last is looked at and not counted.
        #expect(try records(in: "<gpx a=\"\(String(repeating: "x", count: limit - 8))\"></gpx>") == [])
        #expect(
            try records(in: "<gpx a=\"\(String(repeating: "x", count: limit - 7))\"></gpx>") == [
                "1 broken: a tag is longer than 65536 bytes"
            ])
        for endless in ["<gpx a=\"", "<gpx ", "<", "<gpx>\n</", "<gpx x"] {
            let text = endless + String(repeating: endless == "<gpx " ? " " : "x", count: 1 << 20)
            let found = try records(in: text)
            #expect(found.count == 1 && found[0].hasSuffix(" broken: a tag is longer than 65536 bytes"), "\(endless)")
        }
        let attributes = (0...XMLTokenizer.attributeLimit).map { " a\($0)=''" }
        #expect(try records(in: "<gpx\(attributes.dropLast().joined())/>") == [])
        #expect(try records(in: "<gpx\(attributes.joined())/>") == ["1 broken: <gpx> has more than 64 attributes"])
    }

    /// Texts, comments and sections of any size cost no memory, and what is cut is no time.
    @Test func longTexts() throws {
        let long = String(repeating: "x]]-- ", count: 1 << 17)
        let timeless = "<trkpt lat=\"1\" lon=\"2\"><desc>\(long)</desc><time>\(long)</time></trkpt>"
        let found = try records(in: gpx("<!--\(long)--><![CDATA[\(long)]]>\(timeless)\(point)"))
        try #require(found.count == 2)
        #expect(found[0].hasPrefix("1 bad: time is \"x]]-- x]]") && found[0].utf8.count < 200)
        #expect(found[1].hasPrefix("1 0 {"))
        // A text that is cut within a character is not called bad UTF-8.
        let name = String(repeating: "ü", count: GPXReader.textLimit) + "x"
        let named = try records(in: "<gpx><trk><name>\(name)</name><trkseg>\(point)</trkseg></trk></gpx>")
        #expect(named == ["1 0 {\"user\":\"\(String(repeating: "ü", count: 64))\",\"lat\":1.0,\"lon\":2.0,\"ts\":1714521600000}"])
    }

    @Test func sectionsEndWhereTheyEnd() throws {
        for (text, name) in [
            ("<![CDATA[a]]>", "a"), ("<![CDATA[]]]]>", "]]"), ("<![CDATA[]]]>b", "]b"), ("<![CDATA[a]b]]c]]]]]>", "a]b]]c]]]"),
            ("a<![CDATA[]]>b", "ab"),
            ("<![CDATA[a]]>&gt;<!-- - --><![CDATA[<b>]]>", "a><b>"), ("<![CDATA[a] ]>]]>", "a] ]>"),
        ] {
            let found = try records(in: "<gpx><trk><name>\(text)</name><trkseg>\(point)</trkseg></trk></gpx>")
            #expect(found.count == 1 && found[0].hasPrefix("1 0 {\"user\":\"\(name)\","), "\(text): \(found)")
        }
    }

    // MARK: - Chance

    /// However the file is chopped, it says the same: pieces of text, tags and references cross every boundary of a chunk.
    @Test(arguments: [1, 2, 3, 7, 64])
    func chunksDoNotShow(size: Int) throws {
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        trickle(Array(try Fixture.text("good.gpx").utf8), size: size, into: ends[1], readBy: ends[0])
        var reader = GPXReader(ByteSource(descriptor: OwnedDescriptor(ends[0]), name: "good.gpx"))
        var found: [GPXReader.Record] = []
        while let record = try reader.next() { found.append(record) }
        var whole = try GPXReader(ByteSource(path: Fixture.path("good.gpx")))
        for record in found { #expect(try whole.next() == record) }
        #expect(try whole.next() == nil && !found.isEmpty)
    }

    /// Any bytes come to an end without a crash, and every point of them is a fix by the contract's words.
    @Test(arguments: UInt64(0)..<300)
    func mutations(seed: UInt64) throws {
        var random = Seeded(state: seed)
        var bytes = Array(try Fixture.text(seed % 2 == 0 ? "good.gpx" : "bad.gpx").utf8)
        let words = [
            "<", ">", "&", "]]>", "<![CDATA[", "<!--", "-->", "\"", "/>", "</trk>", "<trk>", "&#x41;", "\0", "<trkpt", "<?", "?>",
            "\u{FEFF}",
        ]
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let length = min(Int.random(in: 1...40, using: &random), bytes.count - place)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
            case 1: bytes.removeSubrange(place..<place + length)
            case 2: bytes.insert(contentsOf: bytes[place..<place + length], at: Int.random(in: 0...bytes.count, using: &random))
            case 3: bytes.insert(contentsOf: words.randomElement(using: &random)!.utf8, at: place)
            case 4: bytes.removeSubrange(place...)
            default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            if bytes.isEmpty { bytes = [0x3C] }
        }
        var reader = try GPXReader(ByteSource(path: directory.write(bytes, to: "t.gpx")))
        var records = 0
        while let record = try reader.next() {
            records += 1
            try #require(records <= 1_000)
            guard case .point(let point, let line) = record else { continue }
            #expect(line >= 1)
            #expect((-90...90).contains(point.latitude) && (-180...180).contains(point.longitude))
            #expect((0...(1 << 53) - 1).contains(point.time) && (point.accuracy ?? 0) >= 0)
            #expect((1...128).contains(point.user.utf8.count))
            #expect(throws: Never.self) { try JSONValue(parsing: point.line) }
        }
    }

    /// Noise that never was XML.
    @Test(arguments: UInt64(0)..<100)
    func noise(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let alphabet: [UInt8] = seed % 2 == 0 ? Array(UInt8.min...UInt8.max) : Array("<>/!?[]-&;#\"'= gpx\n".utf8)
        let bytes = (0..<Int.random(in: 0...400, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
        let found = try VicinityClientTests.records(of: directory.write(bytes, to: "t.gpx"))
        #expect(found.count == 1 && found[0].contains(" broken: "))
    }
}

/// Writes bytes into a pipe from a thread of its own, so many at a time, each time when the last ones have been read.
private func trickle(_ bytes: [UInt8], size: Int, into writer: CInt, readBy reader: CInt) {
    Thread.detachNewThread {
        var rest = bytes[...]
        while !rest.isEmpty {
            var waiting: CInt = 0
            while ioctl(reader, UInt(FIONREAD), &waiting) == 0, waiting > 0 { sched_yield() }
            let piece = Array(rest.prefix(size))
            guard write(writer, piece, piece.count) == piece.count else { break }
            rest = rest.dropFirst(size)
        }
        close(writer)
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
