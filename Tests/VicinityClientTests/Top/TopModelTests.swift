import Testing

@testable import VicinityClient

@Suite struct TopModelTests {
    @Test func rates() throws {
        let daemon = TopDaemon()
        var later = daemon
        later.results["accepted", default: 0] += 300
        later.results["stale", default: 0] += 4
        later.codes["bad_json"] = 2
        later.events += 5
        later.processorSeconds += 3
        let model = try TopModel(later.reading(at: 2_000), since: daemon.reading(at: 0))
        #expect(model.fixes == 150)
        #expect(model.events == 2.5)
        #expect(model.processors == 1.5)
        #expect(
            model.rejections == [
                TopModel.Rejection(reason: "stale", total: 16, perSecond: 2), .init(reason: "bad_json", total: 2, perSecond: 1),
                .init(reason: "inaccurate", total: 3, perSecond: 0), .init(reason: "bad_latitude", total: 2, perSecond: 0),
            ])
        #expect(model.reasons == [] && !model.isDegraded)
    }

    @Test func oneReadingHasNoRates() throws {
        let model = try TopModel(TopDaemon().reading(at: 0))
        #expect(model.fixes == nil && model.events == nil && model.processors == nil)
        #expect(model.latencies.allSatisfy { $0.median == nil && $0.slowest == nil && $0.perSecond == nil })
        #expect(model.rejections.map(\.total) == [12, 3, 2])
    }

    /// A process that began anew counts from 0; its first reading has nothing to be compared with.
    @Test func restart() throws {
        let daemon = TopDaemon()
        var anew = daemon
        anew.start += 8_040
        anew.results["accepted"] = 200_000
        let model = try TopModel(anew.reading(at: 1_000), since: daemon.reading(at: 0))
        #expect(model.fixes == nil && model.latencies[0].perSecond == nil)
    }

    /// Should a counter go back all the same, nothing is said of it.
    @Test func counterThatWentBack() throws {
        let daemon = TopDaemon()
        var later = daemon
        later.results["accepted"] = 5
        later.commits[2] = 1
        later.events += 1
        let model = try TopModel(later.reading(at: 1_000), since: daemon.reading(at: 0))
        #expect(model.fixes == nil && model.events == 1)
        #expect(model.latencies[0] == TopModel.Latency(name: "commit", median: nil, slowest: nil, perSecond: nil))
    }

    @Test func sameMomentHasNoRates() throws {
        #expect(try TopModel(TopDaemon().reading(at: 5), since: TopDaemon().reading(at: 5)).fixes == nil)
    }

    /// Of the interval alone: what the daemon has done before does not count.
    @Test func latencies() throws {
        let daemon = TopDaemon()
        var later = daemon
        later.commits = [50, 50, 100, 0, 0]
        later.acks[4] = 3
        let model = try TopModel(later.reading(at: 500), since: daemon.reading(at: 0))
        #expect(model.latencies[0].median == .at(0.001) && model.latencies[0].perSecond == 200)
        #expect(TopText.latency(model.latencies[0].slowest) == "9.8 ms")
        #expect(model.latencies[1] == TopModel.Latency(name: "ack", median: .above(1), slowest: .above(1), perSecond: 6))
        #expect(model.latencies[2] == TopModel.Latency(name: "event", median: nil, slowest: nil, perSecond: 0))
    }

    /// counts by bucket up to 1 s, 2 s, 4 s and above      share      percentile
    @Test(
        arguments: [
            ([0.0, 0, 0, 0], 0.5, nil), ([4, 0, 0, 0], 0.5, .at(0.5)), ([4, 0, 0, 0], 1, .at(1)), ([0, 0, 10, 0], 0.5, .at(3)),
            ([1, 0, 1, 0], 0.5, .at(1)), ([1, 0, 1, 0], 0.75, .at(3)), ([1, 1, 1, 1], 0.75, .at(4)), ([1, 1, 1, 1], 0.76, .above(4)),
            ([0, 0, 0, 1], 0.01, .above(4)), ([99, 1, 0, 0], 0.99, .at(1)), ([98, 2, 0, 0], 0.99, .at(1.5)),
        ] as [([Double], Double, LatencyBuckets.Percentile?)])
    func percentiles(counts: [Double], share: Double, percentile: LatencyBuckets.Percentile?) {
        #expect(LatencyBuckets(bounds: [1, 2, 4], counts: counts).percentile(share) == percentile)
    }

    @Test func bucketsOfAnotherVersionAreNotCompared() {
        let buckets = LatencyBuckets(bounds: [1, 2], counts: [1, 1, 1])
        #expect(buckets.since(LatencyBuckets(bounds: [1, 3], counts: [0, 0, 0])) == nil)
        #expect(buckets.since(LatencyBuckets(bounds: [1, 2], counts: [0, 2, 0])) == nil)
        #expect(buckets.since(buckets)?.count == 0)
    }

    @Test func tables() throws {
        let model = try TopModel(TopDaemon().reading(at: 0))
        #expect(
            model.gateways == [
                TopModel.Gateway(id: "3", process: "812", lines: 1204, age: 0.0021),
                .init(id: "11", process: "4194303", lines: 0, age: 0),
            ])
        #expect(
            model.subscribers == [
                TopModel.Subscriber(name: "relay-1", isConnected: true, lag: 0),
                .init(name: "night-relay", isConnected: false, lag: 5719),
            ])
        #expect(model.queues.first == TopModel.Queue(name: "inbox", bytes: 184_320, limit: 8_388_608))
        #expect(model.queues.map(\.share).allSatisfy { $0 != nil })
        #expect(model.connections("ingest") == 2 && model.connections("nonsense") == nil)
    }

    /// A daemon of another version may leave things out; that is no reason to fail.
    @Test func nothingIsThere() throws {
        let nothing = try TopReading(status: .object([]), metrics: MetricsSample(parsing: "# EOF\n"), time: 0, wall: 0)
        let model = TopModel(nothing, since: nothing)
        #expect(model.gateways.isEmpty && model.subscribers.isEmpty && model.queues.isEmpty && model.rejections.isEmpty)
        #expect(model.whole("vicinity_users") == nil && model.fixes == nil)
    }
}
