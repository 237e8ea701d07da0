import Glibc

/// One result: how much work, how much processor time, and a digest of the answer, which must never change.
public struct Measurement: Sendable {
    public var name: String
    public var work: Int
    public var unit: String
    /// Processor time of the process.
    public var seconds: Double
    public var notes: String
    public var digest: UInt64

    public var nanosecondsPerUnit: Double { seconds * 1e9 / Double(work) }

    /// One JSON object.
    public var json: String {
        "{\"name\":\"\(name)\",\"unit\":\"\(unit)\",\"work\":\(work),\"cpu_ns_per_unit\":\(formatted(nanosecondsPerUnit, 1)),"
            + "\"digest\":\"\(String(digest, radix: 16))\"}"
    }

    /// One row of the table.
    public var line: String {
        let rate = formatted(Double(work) / seconds / 1e6, 2)
        return "\(pad(name, 44)) \(pad(formatted(nanosecondsPerUnit, 1), 9)) ns/\(pad(unit, 6)) \(pad(rate, 8)) M/s  "
            + "\(notes)  [\(String(digest, radix: 16))]"
    }
}

/// A sum that depends on the order.
struct Digest {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01b3
        value ^= value >> 29
    }

    mutating func add(_ bytes: [UInt8]) { for byte in bytes { add(UInt64(byte)) } }
}

/// Processor time of this process so far, in seconds.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func formatted(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let whole = Int64((value * scale).rounded())
    guard digits > 0 else { return String(whole) }
    let text = String(whole % Int64(scale))
    return "\(whole / Int64(scale))." + String(repeating: "0", count: digits - text.count) + text
}

func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
