/// How many of something are allowed in any span of time: `20/1h`, or `unlimited`.
package enum Limit: Sendable, Hashable {
    case unlimited
    /// At most `count`, 0 to 1,000,000,000, `within` any stretch of that length, which is above 0.
    case limited(count: Int, within: TimeSpan)

    package static let largestCount = 1_000_000_000

    package enum Invalid: Error, Equatable {
        case malformed
        case countOutOfRange
        case spanOutOfRange
    }

    package init(_ text: some StringProtocol) throws(Invalid) {
        guard text != "unlimited" else {
            self = .unlimited
            return
        }
        guard let slash = text.firstIndex(of: "/") else { throw .malformed }
        let digits = text[..<slash].drop { $0 == " " }.prefix { $0 != " " }
        guard text[..<slash].allSatisfy({ $0 == " " || ("0"..."9").contains($0) }), !digits.isEmpty,
            text[..<slash].split(separator: " ").count == 1
        else { throw .malformed }
        guard let count = Int(digits), count <= Self.largestCount else { throw .countOutOfRange }
        let span: TimeSpan
        do {
            span = try TimeSpan(text[text.index(after: slash)...])
        } catch {
            switch error {
            case .malformed: throw .malformed
            case .outOfRange: throw .spanOutOfRange
            }
        }
        guard span > .zero else { throw .spanOutOfRange }
        self = .limited(count: count, within: span)
    }
}

extension Limit: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unlimited: "unlimited"
        case .limited(let count, let span): "\(count)/\(span)"
        }
    }
}
