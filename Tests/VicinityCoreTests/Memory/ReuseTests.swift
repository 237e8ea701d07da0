import Testing

@testable import VicinityCore

@Suite("Lists that are used again")
struct ReuseTests {
    @Test("What a busy moment needs stays, what only a crowd needed goes")
    func reuse() {
        var numbers = [UInt64](repeating: 0, count: (3 << 20) / 8)
        let usual = numbers.capacity
        numbers.removeAllForReuse()
        #expect(numbers.isEmpty && numbers.capacity == usual)
        numbers = [UInt64](repeating: 0, count: (5 << 20) / 8)
        numbers.removeAllForReuse()
        #expect(numbers.isEmpty && numbers.capacity == 0)
    }
}
