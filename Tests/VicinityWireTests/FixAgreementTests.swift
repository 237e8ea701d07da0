import Testing
import VicinityWire

/// The scanner and the reader say the same of every line, however the stream is chopped.
@Suite struct FixAgreementTests {
    @Test(arguments: UInt64(0)..<60)
    func scannerEqualsReader(seed: UInt64) {
        var generator = LineGenerator(seed: seed)
        for _ in 0..<35 {
            let bytes = generator.stream(100)
            let scanned = Decoded(bytes, shapes: nil)
            let read = Decoded(bytes, usesScanner: false)
            guard scanned != read else { continue }
            let difference = zip(scanned.entries, read.entries).first { $0 != $1 }
            Issue.record("seed \(seed): \(String(describing: difference))")
            return
        }
    }

    @Test(arguments: UInt64(0)..<30)
    func choppingChangesNothing(seed: UInt64) {
        var generator = LineGenerator(seed: seed &+ 1000)
        var chance = Chance(seed: seed)
        let bytes = generator.stream(60)
        let whole = Decoded(bytes)
        #expect(whole.lineCount >= 59)
        var cuts: [Int] = []
        for _ in 0..<20 { cuts.append(chance.pick([1, 2, 7, 81, 639, 640, 641, 700, 4096])) }
        for maxLines in [1, 7, 1000] {
            let chopped = Decoded(bytes, cuts: cuts, maxLines: maxLines)
            #expect(chopped == whole, "seed \(seed), cuts \(cuts), \(maxLines) lines a batch")
        }
    }

    @Test func everyPlaceToCut() {
        let text = """
            {"user":"u-1","lat":39.904211,"lon":116.407395,"ts":1732290000123}\r
            {"user":"用户","lat":91.2,"lon":1}

            {"subject": "bus-9", "lat": 39.9, "lon": 116.4, "acc": 8.5}
            """
        let whole = Decoded(text)
        #expect(whole.lineCount == 4)
        for cut in 1..<text.utf8.count {
            #expect(Decoded(Array(text.utf8), cuts: [cut, 1000]) == whole, "cut at \(cut)")
        }
    }

    /// More than one run of the scanner has room for.
    @Test func manyLines() {
        var bytes: [UInt8] = []
        for index in 0..<5000 { bytes += Array("{\"user\":\"u-\(index)\",\"lat\":1.5,\"lon\":-2.25,\"ts\":\(index)}\n".utf8) }
        let decoded = Decoded(bytes)
        #expect(decoded.entries.count == 5000)
        #expect(decoded.entries.last == "5000 user u-4999 15000000 -22500000 ts 4999")
    }
}
