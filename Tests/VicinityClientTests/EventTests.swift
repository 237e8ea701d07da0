import Testing

@testable import VicinityClient

@Suite struct EventTests {
    @Test func lines() throws {
        let printer = EventPrinter { _ in 8 * 3600 }
        let text = try Fixture.text("events.ndjson").split(separator: "\n").map { try printer.text(JSONValue(parsing: String($0))) }
        try Fixture.expect(text.joined(separator: "\n") + "\n", equals: "events.txt")
    }

    @Test(arguments: [
        (Int64(0), 1970, 1, 1), (31, 1970, 2, 1), (789, 1972, 2, 29), (790, 1972, 3, 1), (11_016, 2000, 2, 29), (19_782, 2024, 2, 29),
        (20_088, 2024, 12, 31), (20_089, 2025, 1, 1), (47_540, 2100, 2, 28), (47_541, 2100, 3, 1),
    ])
    func dates(day: Int64, year: Int64, month: Int64, dayOfMonth: Int64) {
        let date = CivilDate(day: day)
        #expect([date.year, date.month, date.dayOfMonth] == [year, month, dayOfMonth])
    }

    private func request(_ subscription: inout Subscription) -> String { String(decoding: subscription.request(), as: UTF8.self) }

    private func take(_ text: String, _ subscription: inout Subscription) throws -> Subscription.Message {
        try subscription.take(JSONValue(parsing: text))
    }

    @Test func requests() {
        var live = Subscription()
        #expect(request(&live) == "{\"subscribe\":{}}\n")
        var named = Subscription(after: 0, name: "relay-1")
        #expect(request(&named) == "{\"subscribe\":{\"name\":\"relay-1\",\"after\":0}}\n")
        var filtered = Subscription(filters: .init(types: ["enter"], kinds: ["toll"], users: ["u-1", "u-2"]), wantsSnapshot: true)
        #expect(
            request(&filtered)
                == "{\"subscribe\":{\"snapshot\":true,\"types\":[\"enter\"],\"kinds\":[\"toll\"],\"users\":[\"u-1\",\"u-2\"]}}\n")
    }

    /// A live watch that is cut goes on where it was, and shows nothing twice.
    @Test func resumes() throws {
        var subscription = Subscription()
        _ = request(&subscription)
        #expect(try take(#"{"subscribed":{"log":"a","after":10,"oldest":1,"head":10}}"#, &subscription) == .nothing)
        var again = subscription
        #expect(request(&again) == "{\"subscribe\":{\"after\":10}}\n")
        let event = #"{"seq":12,"type":"enter"}"#
        #expect(try take(event, &subscription) == .event(JSONValue(parsing: event)))
        #expect(try take(event, &subscription) == .nothing)
        #expect(request(&subscription) == "{\"subscribe\":{\"after\":12}}\n")
        #expect(subscription.ack() == nil)
    }

    /// `after` does not count for a name that is known: where the daemon begins is where we are.
    @Test func knownNameBeginsAtItsCursor() throws {
        var subscription = Subscription(after: 9_000, name: "r")
        _ = request(&subscription)
        _ = try take(#"{"subscribed":{"log":"a","after":5,"oldest":1,"head":10}}"#, &subscription)
        #expect(subscription.ack() == nil)
        let event = #"{"seq":6,"type":"leave"}"#
        #expect(try take(event, &subscription) == .event(JSONValue(parsing: event)))
        #expect(subscription.ack() == Array("{\"ack\":6}\n".utf8))
        #expect(subscription.ack() == nil)
        // The ack was lost with the daemon: it begins before, and we skip what was shown.
        _ = request(&subscription)
        _ = try take(#"{"subscribed":{"log":"a","after":5,"oldest":1,"head":10}}"#, &subscription)
        #expect(try take(event, &subscription) == .nothing)
    }

    @Test func anotherLogIsReadFromItsBeginning() throws {
        var subscription = Subscription(after: 7)
        _ = request(&subscription)
        _ = try take(#"{"subscribed":{"log":"a","after":7,"oldest":1,"head":10}}"#, &subscription)
        var replaced = subscription
        _ = request(&replaced)
        guard case .startOver = try take(#"{"subscribed":{"log":"b","after":7,"oldest":1,"head":9}}"#, &replaced) else {
            Issue.record("a new log was taken for the old one")
            return
        }
        #expect(request(&replaced) == "{\"subscribe\":{\"after\":0}}\n")
        _ = try take(#"{"subscribed":{"log":"b","after":0,"oldest":1,"head":9}}"#, &replaced)
        let event = #"{"seq":1,"type":"enter"}"#
        #expect(try take(event, &replaced) == .event(JSONValue(parsing: event)))

        _ = request(&subscription)
        guard case .startOver = try take(#"{"error":{"code":"after_head","message":"no"}}"#, &subscription) else {
            Issue.record("a log that went back was not noticed")
            return
        }
        #expect(request(&subscription) == "{\"subscribe\":{\"after\":0}}\n")
    }

    @Test func refusedAtOnce() throws {
        var subscription = Subscription(after: 7_000)
        _ = request(&subscription)
        #expect(try take(#"{"error":{"code":"after_head","message":"no"}}"#, &subscription) == .refused(code: "after_head", message: "no"))
    }

    @Test func notes() throws {
        var subscription = Subscription(wantsSnapshot: true)
        _ = request(&subscription)
        let gap = #"{"subscribed":{"log":"a","after":0,"oldest":5601,"head":5731,"gap":{"from":1,"to":5600}}}"#
        #expect(try take(gap, &subscription) == .note("events 1 to 5600 are gone: the retention has removed them"))
        let inside = #"{"seq":17,"type":"inside","user":"u"}"#
        #expect(try take(inside, &subscription) == .event(JSONValue(parsing: inside)))
        #expect(try take(#"{"snapshot":{"pairs":1,"at":5731}}"#, &subscription) == .note("1 pair inside; what follows is live"))
        #expect(try take(#"{"heartbeat":{"head":5731,"ts":1}}"#, &subscription) == .nothing)
        #expect(try take(#"{"novelty":1}"#, &subscription) == .nothing)
        #expect(request(&subscription) == "{\"subscribe\":{\"after\":5731}}\n")
    }

    /// What the filter leaves out brings no event; the head of a heartbeat is acked, so that the name is not behind.
    @Test func headsAreAckedWhereNothingElseComes() throws {
        var subscription = Subscription(name: "ops", filters: .init(types: ["enter"]))
        func ack() -> String? { subscription.ack().map { String(decoding: $0, as: UTF8.self) } }
        _ = try take(#"{"subscribed":{"log":"a","after":5,"oldest":1,"head":5}}"#, &subscription)
        #expect(ack() == nil)
        _ = try take(#"{"heartbeat":{"head":9,"ts":1}}"#, &subscription)
        #expect(ack() == "{\"ack\":9}\n")
        _ = try take(#"{"heartbeat":{"head":9,"ts":2}}"#, &subscription)
        #expect(ack() == nil, "there is no news")
        let event = #"{"seq":12,"type":"enter","user":"u"}"#
        #expect(try take(event, &subscription) == .event(JSONValue(parsing: event)))
        #expect(ack() == "{\"ack\":12}\n")
    }
}
