import Foundation
import Synchronization
import Testing
import VicinityCore
import VicinityPipeline
import VicinitySimulation
import VicinityStore

/// Nobody learns more than a cell: two daemons whose registers differ only in where in its cell each subject is, and whose subjects send fixes
/// that differ only in where in its cell each of these is, write the same and say the same, to the byte, whatever users are made up.
struct NonInterferenceTests {
    // MARK: - Two registers

    /// The precision of a subject, always the same; `nil` is that of the settings.
    private static func precision(of id: [UInt8]) -> Double? {
        let choices: [Double?] = [1, 30, 200, nil, nil, 1_000, 20_000, 100_000]
        return choices[id.reduce(0) { ($0 * 31 + Int($1)) & 0xffff } % choices.count]
    }

    private static let byDefault = 150.0

    /// Where the second daemon is told that a subject is which the first one is told is here.
    private struct Twins {
        private var random: SeededRandom
        /// One place of the first register is one place of the second.
        private var twins: [[UInt8]: [Coordinate: Coordinate]] = [:]
        private var taken: [[UInt8]: Set<Coordinate>] = [:]
        private let key: SipHashKey
        /// Anywhere within some cells' sides instead, to see that it would be seen.
        private let isBeyond: Bool
        /// Places that are other ones for the second daemon.
        private(set) var moved = 0

        init(seed: UInt64, key: SipHashKey, isBeyond: Bool) {
            random = SeededRandom(seed: ~seed)
            self.key = key
            self.isBeyond = isBeyond
        }

        mutating func twin(of place: Coordinate, id: [UInt8]) -> Coordinate {
            if let known = twins[id]?[place] { return known }
            let side = NonInterferenceTests.precision(of: id) ?? NonInterferenceTests.byDefault
            let grid = id.withUnsafeBytes { PrecisionGrid(side: side, id: $0, key: key) }
            let center = grid.center(of: place)
            var found = place
            for _ in 0..<40 {
                let candidate = around(isBeyond ? place : center, side: isBeyond ? 4 * side : side)
                guard isBeyond || grid.center(of: candidate) == center, taken[id]?.contains(candidate) != true else { continue }
                found = candidate
                break
            }
            if found != place { moved += 1 }
            twins[id, default: [:]][place] = found
            taken[id, default: []].insert(found)
            return found
        }

        private mutating func around(_ center: Coordinate, side: Double) -> Coordinate {
            let reach = Int64(min(side, 1e7) / 0.0111) + 1
            let latitude = Int64(center.latitude) + random.whole(-reach...reach)
            let isPole = abs(center.latitude) == 900_000_000
            let width = isPole ? 1_800_000_000 : min(1_800_000_000, Int64(Double(reach) / max(1e-6, cosine(center.latitudeDegrees))))
            let longitude = Int64(center.longitude) + random.whole(-width...width)
            let turned = ((longitude + 1_800_000_000) % 3_600_000_000 + 3_600_000_000) % 3_600_000_000 - 1_800_000_000
            return Coordinate(latitude: Int32(max(-900_000_000, min(900_000_000, latitude))), longitude: Int32(turned))
        }

        private func cosine(_ degrees: Double) -> Double { cos(degrees / 180 * Double.pi) }

        mutating func twin(of step: Step) -> Step {
            switch step {
            case .lines(var lines):
                for index in lines.indices where lines[index].kind == .subject {
                    lines[index].position = twin(of: lines[index].position, id: lines[index].id)
                }
                return .lines(lines)
            case .put(let placements): return .put(twins(of: placements))
            case .edition(.put(let placements)): return .edition(.put(twins(of: placements)))
            case .remove, .edition, .suspend, .resume, .forget, .rotate, .rules, .clock, .jump: return step
            }
        }

        private mutating func twins(of placements: [SubjectPlacement]) -> [SubjectPlacement] {
            placements.map { placement in
                var placement = placement
                placement.position = twin(of: placement.position, id: placement.id)
                return placement
            }
        }
    }

    /// The same step with one precision for each subject, for ever, as the contract asks for.
    private static func settled(_ step: Step) -> Step? {
        func settled(_ placements: [SubjectPlacement]) -> [SubjectPlacement] {
            placements.map { placement in
                var placement = placement
                placement.precision = precision(of: placement.id)
                return placement
            }
        }
        switch step {
        case .put(let placements): return .put(settled(placements))
        case .edition(.put(let placements)): return .edition(.put(settled(placements)))
        case .rules(var rules):
            rules.precision = byDefault
            return .rules(rules)
        // Other cells hold other places.
        case .rotate: return nil
        case .lines, .remove, .edition, .suspend, .resume, .forget, .clock, .jump: return step
        }
    }

    // MARK: - Two daemons

    /// What a daemon has said to anybody.
    private final class Words: Sendable {
        private let state = Mutex<[String]>([])

        func say(_ word: String) { state.withLock { $0.append(word) } }

        func take() -> [String] {
            state.withLock { words in
                defer { words = [] }
                return words
            }
        }
    }

    /// A writer over a store in memory, which makes every step durable.
    private struct Daemon: ~Copyable {
        private var store: MemoryStore
        private var writer: Writer
        private var rules: Rules
        private let words = Words()
        private let generation = Mutex<Int64?>(nil)
        private var clock = World.clockAtBeginning
        private var nextLine: UInt64 = 1
        private static let peer = AuditEntry.Peer(uid: 1, gid: 2, pid: 3)
        private static let auditKey = AuditKey(bytes: [UInt8](repeating: 1, count: AuditKey.size))

        init(_ rules: Rules) throws {
            let identity = LogIdentity(logID: String(repeating: "a", count: 32), signOffKey: [UInt8](repeating: 7, count: 16))
            store = MemoryStore(MemoryStore.Contents(identity: identity), auditKey: Self.auditKey)
            self.rules = rules
            writer = Writer(try Recovery.run(store, rules: rules, hashSeed: 1, precisionKey: try .ofTheTests, now: clock))
        }

        /// Takes a step.
        ///
        /// - Returns: all that it wrote, but for what was put, and all that it said.
        mutating func take(_ step: Step) throws -> (commit: Commit, words: [String]) {
            let words = words
            switch step {
            case .lines(let lines): take(lines)
            case .put(let placements): perform(.put(placements.map(Self.row), Reply { words.say("put \($0)") }))
            case .remove(let ids): perform(.remove(ids, Reply { words.say("removed \($0)") }))
            case .edition(let step): perform(step)
            case .suspend(let id, _):
                perform(.suspension(.suspend(id, reason: "why", for: Self.peer, Reply { words.say("suspend \($0)") })))
            case .resume(let id, _): perform(.suspension(.resume(id, reason: "why", for: Self.peer, Reply { words.say("resume \($0)") })))
            case .rotate, .forget: break
            case .rules(let rules):
                self.rules = rules
                perform(.configure(rules))
            case .clock(let span): turn(to: ClockReading(wall: clock.wall + span, steady: clock.steady + span))
            case .jump(let span): turn(to: ClockReading(wall: clock.wall + span, steady: clock.steady))
            }
            return (try commit(), words.take())
        }

        /// Asks everything that anybody may ask of a user.
        mutating func ask(_ user: [UInt8], _ subject: [UInt8]) throws -> (commit: Commit, words: [String]) {
            let words = words
            perform(.user(user, Reply { words.say("\(String(describing: $0))") }))
            perform(.disclosure(.nearby(user, for: Self.peer, Reply { words.say("\($0)") })))
            let request = DetailsRequest(user: user, subject: subject, purpose: "to see")
            perform(.disclosure(.details(request, fields: ["a"], for: Self.peer, Reply { words.say("\(String(describing: $0))") })))
            perform(.explain(user: user, subject: subject, for: Self.peer, Reply { words.say("\(String(describing: $0))") }))
            perform(.census(Reply { words.say(NonInterferenceTests.map(of: $0)) }))
            return (try commit(), words.take())
        }

        mutating func restart() throws {
            store = MemoryStore(store.contents, auditKey: Self.auditKey)
            writer = Writer(try Recovery.run(store, rules: rules, hashSeed: 1, precisionKey: try .ofTheTests, now: clock))
            generation.withLock { $0 = nil }
            nextLine = 1
        }

        var isStaging: Bool { generation.withLock { $0 != nil } }

        private mutating func turn(to clock: ClockReading) {
            self.clock = clock
            writer.advance(to: clock)
        }

        private mutating func perform(_ work: Work) { writer.handle(work, now: clock) }

        private mutating func perform(_ step: EditionStep) {
            let words = words
            let known = generation.withLock { $0 } ?? 0
            switch step {
            case .begin:
                let told = Mutexed<Int64?>(nil)
                perform(.edition(.begin(Reply { told.value = try? $0.get() })))
                _ = try? commit()
                for _ in 0..<20 where told.value == nil {
                    turn(to: ClockReading(wall: clock.wall + 5, steady: clock.steady + 5))
                    _ = try? commit()
                }
                generation.withLock { $0 = told.value }
            case .put(let placements):
                perform(.edition(.put(placements.map(Self.row), generation: known, Reply { words.say("staged \($0)") })))
            case .commit:
                perform(.edition(.commit(generation: known, Reply { words.say("swapped \($0)") })))
                generation.withLock { $0 = nil }
            case .abort:
                perform(.edition(.abort(generation: known, Reply { _ in })))
                generation.withLock { $0 = nil }
            }
        }

        private mutating func take(_ lines: [Line]) {
            var batch = FixBatch(source: 1, firstLine: nextLine)
            for (index, line) in lines.enumerated() {
                var fix = Fix(
                    kind: line.kind, idOffset: UInt32(batch.ids.count), idLength: UInt8(line.id.count), line: UInt32(index),
                    hash: IDHasher(seed: 1).hash(line.id))
                fix.latitude = line.position.latitude
                fix.longitude = line.position.longitude
                fix.time = line.time ?? Fix.absentTime
                fix.accuracy = line.accuracy ?? 0
                fix.radius = line.radius ?? 0
                batch.fixes.append(fix)
                batch.ids += line.id
            }
            batch.lineCount = UInt32(lines.count)
            nextLine += UInt64(lines.count)
            let words = words
            perform(.fixes(batch, Gateway(id: 1) { words.say("\($0)") }))
        }

        private mutating func commit() throws -> Commit {
            let open = writer.takeCommit(now: clock.wall)
            let committer = Committer(store: store, feed: Feed(head: store.head.seq, oldest: 1), statistics: Statistics())
            guard case .done = committer.attempt(open) else { throw Failed() }
            words.say("\(open.snapshot)")
            return open.commit
        }

        private struct Failed: Error {}

        private static func row(_ placement: SubjectPlacement) -> SubjectRow {
            SubjectRow(
                slot: 0, id: placement.id, kind: placement.kind, latitude: placement.position.latitudeDegrees,
                longitude: placement.position.longitudeDegrees, precision: placement.precision, validFrom: placement.validFrom,
                validUntil: placement.validUntil)
        }
    }

    private final class Mutexed<Value: Sendable>: Sendable {
        private let state: Mutex<Value>

        init(_ value: Value) { state = Mutex(value) }

        var value: Value {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    /// All that the map tells, on every level.
    private static func map(of census: Census) -> String {
        let release = MapRelease(census, floor: 2)
        let cells = (0...MapCell.finest).map { release.cells(in: MapWindow.world.coarsened(to: $0)) }
        return "\(cells), \(String(describing: release.extent))"
    }

    /// Everything that a commit writes, but for where subjects were put.
    private static func text(_ commit: Commit) -> String {
        var commit = commit
        func masked(_ row: SubjectRow) -> SubjectRow {
            var row = row
            row.latitude = 0
            row.longitude = 0
            return row
        }
        commit.register = commit.register.map { if case .put(let row) = $0 { .put(masked(row)) } else { $0 } }
        commit.edition = commit.edition.map { if case .put(let row) = $0 { .put(masked(row)) } else { $0 } }
        return "\(commit)"
    }

    // MARK: - Side by side

    private struct Outcome {
        var difference: String?
        var events: Int64 = 0
        var moved = 0
    }

    private static func run(_ scene: Scene, seed: UInt64, steps: Int, isBeyond: Bool = false) throws -> Outcome {
        var world = World(scene, seed: seed)
        var rules = world.rules
        rules.precision = byDefault
        // The most that may be told of a distance.
        if seed.isMultiple(of: 2) { rules.disclosure = .exact }
        var one = try Daemon(rules)
        var other = try Daemon(rules)
        var twins = Twins(seed: seed, key: try PrecisionKey.ofTheTests.cells(under: []).key, isBeyond: isBeyond)
        var random = SeededRandom(seed: seed)
        var outcome = Outcome()
        var (users, subjects): ([[UInt8]], [[UInt8]]) = ([], [])
        for number in 0..<steps {
            guard let step = settled(world.next()) else { continue }
            // A staged edition is gone with the daemon, and the world does not know.
            if case .edition(let edition) = step { if case .begin = edition {} else if !one.isStaging { continue } }
            if case .lines(let lines) = step { users += lines.filter { $0.kind != .subject }.map(\.id) }
            if case .put(let placements) = step { subjects += placements.map(\.id) }
            let (mine, theirs) = (try one.take(step), try other.take(twins.twin(of: step)))
            outcome.events += mine.commit.blocks.reduce(0) { $0 + Int64($1.count) }
            outcome.moved = twins.moved
            guard text(mine.commit) == text(theirs.commit), mine.words == theirs.words else {
                outcome.difference = "\(scene), seed \(seed), step \(number): \(step)\n\(mine)\n\(theirs)"
                return outcome
            }
            if !users.isEmpty, !subjects.isEmpty {
                let (user, subject) = (random.pick(users), random.pick(subjects))
                let (mine, theirs) = (try one.ask(user, subject), try other.ask(user, subject))
                guard text(mine.commit) == text(theirs.commit), mine.words == theirs.words else {
                    outcome.difference = "\(scene), seed \(seed), step \(number), asked: \(mine.words)\n\(theirs.words)"
                    return outcome
                }
            }
            if random.chance(0.05) {
                try one.restart()
                try other.restart()
            }
        }
        return outcome
    }

    private static let scenes: [Scene] = [.precision, .cells, .movers, .poles, .antimeridian, .noise, .edges, .editions, .suspensions]

    /// `VICINITY_SEEDS` makes it longer.
    private static let seeds = UInt64(ProcessInfo.processInfo.environment["VICINITY_SEEDS"] ?? "") ?? 12

    @Test("Where in its cell a subject is changes nothing that is written or said", arguments: scenes)
    func nothing(scene: Scene) throws {
        var (events, moved) = (Int64(0), 0)
        for seed in 1...Self.seeds {
            let outcome = try Self.run(scene, seed: seed, steps: 40)
            #expect(outcome.difference == nil)
            events += outcome.events
            moved += outcome.moved
        }
        #expect(events > Int64(Self.seeds) * 5 && moved > Int(Self.seeds) * 10, "\(events) events, \(moved) places")
    }

    @Test("In which cell it is changes something, so that a difference would be seen", arguments: [Scene.precision, .movers])
    func something(scene: Scene) throws {
        var found = 0
        for seed in UInt64(1)...10 where try Self.run(scene, seed: seed, steps: 40, isBeyond: true).difference != nil { found += 1 }
        #expect(found == 10)
    }
}
