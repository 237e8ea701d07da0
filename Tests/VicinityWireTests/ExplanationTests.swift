import Testing

@testable import VicinityWire

struct ExplanationTests {
    @Test(arguments: [
        (0, "0 ms ago"), (999, "999 ms ago"), (1000, "1.0 s ago"), (59_999, "59.9 s ago"), (200_000, "3 min 20 s ago"),
        (8_040_000, "2 h 14 min ago"), (273_600_000, "3 d 4 h ago"), (-1, "1 ms ahead of the clock"),
        (-90_000, "1 min 30 s ahead of the clock"),
    ])
    func agesAreInTheUnitsThatMatter(milliseconds: Int64, text: String) { #expect(ExplanationText.age(milliseconds) == text) }
}
