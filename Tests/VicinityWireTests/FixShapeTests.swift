import Testing
import VicinityCore
import VicinityWire

/// What the shapes take says what the scanner says of it. (Where the processor cannot take lines so, nothing is compared with itself.)
@Suite struct FixShapeTests {
    /// Lines of a few forms, and lines that are not quite of these.
    @Test(arguments: UInt64(0)..<40)
    func shapesEqualScanner(seed: UInt64) {
        var generator = LineGenerator(seed: seed &+ 5000)
        for _ in 0..<5 {
            let bytes = generator.alikeStream(200)
            let scanned = Decoded(bytes, shapes: nil)
            let shaped = Decoded(bytes)
            guard scanned != shaped else { continue }
            let difference = zip(scanned.entries, shaped.entries).first { $0 != $1 }
            Issue.record("seed \(seed): \(String(describing: difference))")
            return
        }
    }

    /// Lines of every kind, none of them much like another.
    @Test(arguments: UInt64(0)..<20)
    func shapesEqualReader(seed: UInt64) {
        var generator = LineGenerator(seed: seed &+ 9000)
        let bytes = generator.stream(1000)
        #expect(Decoded(bytes) == Decoded(bytes, usesScanner: false))
    }

    /// Forms that gateways write.
    @Test(arguments: [
        #"{"user":"u0511062","lat":39.675340,"lon":116.540286,"ts":1732290015124,"acc":3}"#,
        #"{"user":"u-17","lat":-39.904211,"lon":-116.407395,"ts":1732290000123,"acc":8.5,"radius":300}"#,
        #"{"subject":"bus-9","lat":39.9,"lon":6.4}"#,
        #"{"ts":1732290000123,"lon":116.4073957,"lat":9,"user":"7d4b2c1e-93a1-4b7e-8a55-0f4a2f1c9d3e"}"#,
        #"{"user": "u-1", "lat": 39.904211, "lon": 116.407395, "ts": 1732290000123, "acc": 12.25}"#,
        "{\"user\":\"a,b.c\",\"lat\":0.5,\"lon\":179.9999999,\"radius\":50.5}\r",
    ])
    func formsThatAreTaken(line: String) {
        guard let shapes = FixShapes() else { return }
        let bytes = Array(String(repeating: line + "\n", count: 100).utf8)
        #expect(Decoded(bytes, shapes: shapes) == Decoded(bytes, usesScanner: false))
        // All but the first ones, and the last, behind which there is too little.
        #expect(shapes.lineCount > 70, "\(shapes.lineCount) lines were taken")
    }

    /// Each byte of a line is another one in one of the lines behind it.
    @Test(arguments: [
        #"{"user":"u05","lat":-39.67,"lon":116.54,"ts":17322,"acc":8.5,"radius":301}"#,
        #"{"subject":"s.1","lat":9.6,"lon":-1,"ts":9007199254740991}"#,
    ])
    func everyByte(line: String) {
        let line = Array(line.utf8)
        var bytes: [UInt8] = []
        for place in line.indices {
            for byte in Array("\0\u{1f} !\"#+,-./059:;@A[\\]^`az{|}~\u{7f}".utf8) + [0x80, 0xc3, 0xff] {
                var other = line
                other[place] = byte
                bytes += line + [10] + other + [10]
            }
        }
        let scanned = Decoded(bytes, shapes: nil)
        let shaped = Decoded(bytes)
        #expect(scanned.lineCount == shaped.lineCount)
        let difference = zip(scanned.entries, shaped.entries).first { $0 != $1 }
        #expect(difference == nil)
    }

    /// Ids of every length: their hashes are those of ``IDHasher``, which ``Decoded`` looks at.
    @Test func ids() {
        for length in 1...80 {
            let id = String("ab0cd1ef2gh3ij4kl5mn6op7qr8st9uvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_ab0cd1ef2gh3ij4kl5mn".prefix(length))
            let line = Array("{\"user\":\"\(id)\",\"lat\":1.5,\"lon\":2.5}\n".utf8)
            let bytes = [[UInt8]](repeating: line, count: 60).flatMap { $0 }
            #expect(Decoded(bytes) == Decoded(bytes, usesScanner: false), "an id of \(length) bytes")
        }
    }
}
