// Listings of `control.sock`, which come a page at a time: each says where the next one begins.

/// The pages of one listing, and how far it has come.
package struct Pages {
    /// What is asked for at once.
    private static let size: Int64 = 1_000

    private let method: String
    private let unit: String
    private let params: [JSONValue.Member]
    private var left: Int64
    private var after: JSONValue?
    private var hasEnded = false
    private var count: Int64 = 0
    private var bar: ProgressBar?

    /// - Parameters:
    ///   - method: such as `subjects.list`.
    ///   - unit: what is listed, in the plural, as the answer names it.
    ///   - params: all but `after` and `limit`.
    ///   - after: where to begin; `nil` is at the beginning.
    ///   - limit: so many at the most; `nil` is all.
    ///   - label: a word for the progress.
    ///   - console: where the progress is shown; `nil` where what is listed shows it.
    package init(
        _ method: String, of unit: String, params: [JSONValue.Member] = [], after: JSONValue? = nil, limit: Int64? = nil,
        label: String = "listing", on console: Console?
    ) {
        self.method = method
        self.unit = unit
        self.params = params
        self.after = after
        left = limit ?? .max
        bar = console.map { ProgressBar(label, counting: unit, on: $0, now: Clock.monotonic()) }
    }

    /// Asks for the next page.
    ///
    /// - Returns: `nil` at the end.
    package mutating func next(_ control: inout ControlClient) throws(ClientFault) -> [JSONValue]? {
        guard !hasEnded, left > 0 else { return nil }
        var params = params + [JSONValue.Member("limit", .number(min(left, Self.size)))]
        if let after { params.append(JSONValue.Member("after", after)) }
        let answer = try control.call(method, params)
        let found = Array((answer[unit]?.array ?? []).prefix(Int(clamping: left)))
        left -= Int64(found.count)
        count += Int64(found.count)
        after = answer["next"]
        hasEnded = after == nil
        show(count)
        return found
    }

    /// Shows how far it has come, where a page is dealt with slowly.
    package mutating func show(_ done: Int64) { bar?.update(done: 0, of: nil, count: done, now: Clock.monotonic()) }

    /// Takes the progress away. To be called however the listing ends.
    package mutating func end() { bar?.clear() }
}
