// A damaged database works with the same events, or is refused; it never answers wrongly. And what a daemon refuses, the doctor finds.

import Foundation
import Testing
import VicinityCore
import VicinityOffline
import VicinityStore

@Suite("Mutations of the log")
struct MutationTests {
    /// Times two databases: 500 mutations in all, or as many as `VICINITY_MUTATION_SEEDS` seeds make.
    private static let seeds = 0..<(ProcessInfo.processInfo.environment["VICINITY_MUTATION_SEEDS"].flatMap { UInt64($0) } ?? 5)
    private static let mutationsPerSeed = 50

    @Test("A log that was closed well gives the same events, or is refused")
    func closed() throws { try Self.mutate(closing: true, among: [.flipBits, .flipBits, .truncate, .zeroPage, .swapPages]) }

    @Test("A log whose daemon was killed gives the same events, or is refused")
    func killed() throws { try Self.mutate(closing: false, among: Mutation.allCases) }

    private struct Counts {
        var refused = 0
        var same = 0
        var saved = 0
        var unsaved = 0
    }

    private static func mutate(closing: Bool, among mutations: [Mutation]) throws {
        var counts = Counts()
        for seed in seeds {
            let place = try Place()
            let original = "\(place.path)/original"
            try fill(original, seed: seed, closing: closing)
            try mutate(original, in: place, seed: seed, among: mutations, &counts)
        }
        #expect(counts.refused > 0 && counts.same > 0 && counts.saved > 0, "\(counts)")
    }

    /// A log with everything in it, half of it in the file and half in the WAL if it is not closed.
    private static func fill(_ directory: String, seed: UInt64, closing: Bool) throws {
        let live = directory + "-live"
        try FileManager.default.createDirectory(atPath: live, withIntermediateDirectories: false)
        var crowd = Crowd(seed: seed)
        crowd.users = 36
        var daemon = try MiniDaemon(live)
        try crowd.begin(&daemon)
        for _ in 0..<8 { try crowd.step(&daemon) }
        daemon.cursor("relay-1", at: daemon.head)
        try daemon.append()
        let now = daemon.now
        try daemon.store.close()
        daemon = try MiniDaemon(live)
        daemon.now = now
        for _ in 0..<8 { try crowd.step(&daemon) }
        daemon.cursor("relay-2", at: daemon.head / 2)
        try daemon.append()
        if !seed.isMultiple(of: 2) { try daemon.swapRegister(without: ["s-1", "s-2", "s-7"]) }
        if closing { try daemon.store.close() }
        try FileManager.default.copyItem(atPath: live, toPath: directory)
        if !closing { try daemon.store.close() }
        try FileManager.default.removeItem(atPath: live)
    }

    private static func mutate(
        _ original: String, in place: Place, seed: UInt64, among mutations: [Mutation], _ counts: inout Counts
    ) throws {
        let truth = try Reading(try place.copy(of: original, as: "truth", files: Place.files))
        try #require(truth.events.count > 150)
        var random = Seeded(seed &+ 1000)
        var number = 0
        while number < mutationsPerSeed {
            let isSharedMemoryThere = Bool.random(using: &random)
            let copy = try place.copy(
                of: original, as: "copy-\(number)", files: Place.files.filter { isSharedMemoryThere || !$0.hasSuffix("-shm") })
            defer { try? FileManager.default.removeItem(atPath: copy) }
            guard let mutation = mutations.randomElement(using: &random), let done = try mutation.apply(to: copy, using: &random) else {
                continue
            }
            let story: Comment = "seed \(seed), mutation \(number): \(done)"
            number += 1
            let before = try Place.contents(of: copy)
            let isSound = examine(copy)
            if try saves(copy, truth, isSound: isSound, story) { counts.saved += 1 } else { counts.unsaved += 1 }
            #expect(try Place.contents(of: copy) == before, "the directory was changed; \(story)")
            do {
                let reading = try Reading(copy)
                // Compared here, so that a failure does not print both.
                let isSame = reading == truth
                #expect(isSame, story)
                counts.same += 1
            } catch {
                #expect(error is StoreFault || error is Restoration.Damaged, "\(error); \(story)")
                #expect(!isSound, "the doctor found nothing, but a start fails with \(error); \(story)")
                counts.refused += 1
            }
        }
    }

    private static func examine(_ directory: String) -> Bool {
        do throws(Unexaminable) {
            return try Examination(directory: directory).run().verdict == .sound
        } catch {
            return false
        }
    }

    /// Salvages, and holds what was saved against the truth.
    ///
    /// - Returns: whether anything was saved.
    private static func saves(_ directory: String, _ truth: Reading, isSound: Bool, _ story: Comment) throws -> Bool {
        let target = directory + "-saved"
        defer { try? FileManager.default.removeItem(atPath: target) }
        let report: SalvageReport
        do throws(Salvage.Failure) {
            report = try Salvage(from: directory, into: target, now: 1_800_000_000_000).run()
        } catch {
            #expect(error.description.hasPrefix("nothing could be saved"), "\(error); \(story)")
            #expect(!isSound, story)
            return false
        }
        let saved = try Reading(target)
        let events = saved.events.prefix(Int(report.saved.events))
        let same = truth.events.filter { event in event.seq >= events.first?.seq ?? 0 && event.seq <= events.last?.seq ?? -1 }
        let isSame = Array(events) == same
        #expect(isSame, "the events that were saved are not those that were; \(story)")
        if isSound {
            #expect(report.isWhole, "\(report.text); \(story)")
            let isWhole = saved.events == truth.events && saved.openPairs == truth.openPairs && saved.logID == truth.logID
            #expect(isWhole, "what was saved of a sound log is not all of it; \(story)")
        } else if saved.logID == truth.logID {
            #expect(report.saved.events == 0 || events.last == truth.events.last, story)
        }
        return true
    }
}
