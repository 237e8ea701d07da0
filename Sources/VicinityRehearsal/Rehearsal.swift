// What the daemon would have said: recorded fixes through the real rules, in the time of the recording, without a daemon.
//
//     register ──► placements ──┐
//     files ──► lines by ts ──► engine (clock = the lines' own time) ──► events on standard output
//
// The lines' `ts` are the clock. Before a line both clocks go on to its `ts`, so that what is due before it comes before it; a line that is
// older, or has no `ts`, is taken at the time that it is by then. When the last line is done the clock runs on until nothing is due.

package import VicinityClient
internal import VicinityCore
internal import VicinityWire

/// One rehearsal, from reading the files to the summary.
package struct Rehearsal<Engine: RehearsalEngine & ~Copyable>: ~Copyable {
    private let options: RehearsalOptions
    private let console: Console
    private let began: Int64
    private var engine: Engine
    /// What both clocks say, in Unix milliseconds; `nil` before the first line.
    private var clock: Int64?
    private var start: Int64 = 0
    private var batch = FixBatch(source: 1, firstLine: 1)
    /// Where each line of the batch stands.
    private var places: [LinePlace] = []
    private var output: [UInt8] = []
    private var summary = RehearsalSummary()
    private var isExplained = false
    private var bar: ProgressBar

    /// Lines between two looks at the real clock.
    private static var stride: Int64 { 64 }
    /// Lines that are applied at once, if the clock does not move between them.
    private static var batchLimit: Int { 4_096 }
    /// Bytes of events that are written at once.
    private static var outputLimit: Int { 64 << 10 }

    /// - Parameters:
    ///   - engine: without users and subjects.
    ///   - now: milliseconds of a clock that does not step, for the summary.
    package init(_ options: RehearsalOptions, engine: consuming Engine, console: Console, now: Int64) {
        self.options = options
        self.engine = engine
        self.console = console
        began = now
        bar = ProgressBar("simulating", counting: "lines", on: console, now: now)
    }

    /// Reads everything, writes the events, and says the summary.
    ///
    /// - Parameters:
    ///   - radii: metres that a line may ask for.
    ///   - now: of the same clock as in the initialiser.
    /// - Throws: if the register or a track is not what it should be, before anything is written; if a file cannot be read; and in the
    ///   end if a line was refused.
    package consuming func run(radii: ClosedRange<Double>, now: () -> Int64) throws(ClientFault) {
        let placements = try RehearsedRegister(console: console).read(options.register, now: now)
        var lines = try LineMerge(options.fixes, decoder: LineDecoder(hasher: engine.hasher, radii: radii), console: console, now: now)
        do {
            while let line = try lines.next() {
                take(line, placements)
                if summary.lines.isMultiple(of: Self.stride) { show(lines.progress, now: now()) }
            }
        } catch {
            conclude(now: now())
            throw .input(error)
        }
        flush()
        if let clock {
            engine.finish(at: reading(clock))
            collect()
        }
        conclude(now: now())
        if summary.errors > 0 { throw .refused("\(counted(summary.errors, "line")) refused") }
    }

    // MARK: - Lines

    private mutating func take(_ line: RecordedLine, _ placements: [SubjectPlacement]) {
        summary.lines += 1
        switch line.content {
        case .fix(let fix, let id):
            if clock == nil { begin(at: line.due, placements) }
            advance(to: line.due)
            append(fix, id, line.place)
            if let explained = options.explained, explained.concerns(fix, id) { explain(explained, line.place) }
        case .error(let code, let message): refuse(line.place, "\(code.rawValue): \(message)")
        case .noFix(let why): refuse(line.place, why)
        }
    }

    /// The register is put when the recording begins, as if it had always been there.
    private mutating func begin(at time: Int64, _ placements: [SubjectPlacement]) {
        clock = time
        start = time
        engine.put(placements, at: reading(time))
        collect()
    }

    private mutating func advance(to time: Int64) {
        guard let clock, time > clock else { return }
        flush()
        self.clock = time
        engine.advance(to: reading(time))
        collect()
    }

    private mutating func append(_ fix: Fix, _ id: [UInt8], _ place: LinePlace) {
        var fix = fix
        fix.line = batch.lineCount
        fix.idOffset = UInt32(batch.ids.count)
        batch.fixes.append(fix)
        batch.ids.append(contentsOf: id)
        batch.lineCount += 1
        places.append(place)
        if places.count == Self.batchLimit { flush() }
    }

    /// Applies the lines of the batch, all of them at the present clock.
    private mutating func flush() {
        guard let clock, !places.isEmpty else { return }
        engine.apply(batch, at: reading(clock))
        collect()
        for error in engine.takeErrors() {
            guard places.indices.contains(Int(error.line)) else { continue }
            complain(places[Int(error.line)], "\(error.code.rawValue): \(error.message)")
        }
        batch.reset(source: batch.source, firstLine: batch.firstLine + UInt64(batch.lineCount))
        places.removeAll(keepingCapacity: true)
    }

    private func reading(_ time: Int64) -> ClockReading { ClockReading(wall: time, steady: time) }

    // MARK: - What comes of them

    private mutating func collect() {
        let events = engine.takeEvents()
        guard let first = events.first else { return }
        var builder = EventBlockBuilder(firstSeq: first.seq)
        for event in events {
            if case .enter = event.change { summary.encounters += 1 }
            builder.append(event)
        }
        do {
            if let block = builder.finish() { output += try EventLineEncoder.lines(of: block) }
        } catch {
            preconditionFailure("a block that was just made does not read back: \(error)")
        }
        if output.count >= Self.outputLimit { write() }
    }

    private mutating func show(_ progress: (read: Int64, size: Int64?), now: Int64) {
        bar.update(done: progress.read, of: progress.size, count: summary.lines, now: now)
    }

    /// Writes the events, in place of the progress where both go to one terminal.
    private mutating func write() {
        bar.clear()
        guard !output.isEmpty else { return }
        console.say(output)
        output.removeAll(keepingCapacity: true)
    }

    /// Names a line that never came to the engine, after all that came before it.
    private mutating func refuse(_ place: LinePlace, _ why: String) {
        flush()
        complain(place, why)
    }

    private mutating func complain(_ place: LinePlace, _ why: String) {
        summary.errors += 1
        write()
        console.complain("\(text(place)): \(why.terminalSafe)")
    }

    private mutating func explain(_ explained: Explained, _ place: LinePlace) {
        flush()
        isExplained = true
        guard let clock, let text = engine.explanation(of: explained.user, subject: explained.subject, at: reading(clock)) else { return }
        write()
        for line in text.split(separator: "\n") { console.complain("\(self.text(place)): \(String(line).terminalSafe)") }
    }

    private func text(_ place: LinePlace) -> String { "\(InputName.shown(options.fixes[place.file])):\(place.line)" }

    private mutating func conclude(now: Int64) {
        flush()
        write()
        if let explained = options.explained, !isExplained { console.complain("no line is of \(explained.description.terminalSafe)") }
        summary.tally = engine.tally
        summary.simulated = (clock ?? 0) - start
        summary.elapsed = now - began
        console.complain(summary.text)
    }
}

/// What a rehearsal is made of.
package struct RehearsalOptions: Sendable {
    /// A file, or `-` for standard input.
    package var register: String
    /// At least one; at most one of all inputs is `-`.
    package var fixes: [String]
    package var explained: Explained?

    package init(register: String, fixes: [String], explained: Explained? = nil) {
        self.register = register
        self.fixes = fixes
        self.explained = explained
    }
}

/// Who is to be explained line by line: a user, or one pair.
package struct Explained: Sendable, Equatable, CustomStringConvertible {
    /// 1 to 128 bytes.
    package let user: [UInt8]
    package let subject: [UInt8]?

    /// Takes `user` or `user/subject`, at the first stroke.
    ///
    /// - Returns: `nil` if one of them is empty or longer than an id.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map { Array($0.utf8) }
        guard parts.allSatisfy({ (1...128).contains($0.count) }), let user = parts.first else { return nil }
        self.user = user
        subject = parts.count == 2 ? parts[1] : nil
    }

    package var description: String {
        ([user] + (subject.map { [$0] } ?? [])).map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
    }

    /// Whether a line is of the user, or moves the subject.
    func concerns(_ fix: Fix, _ id: [UInt8]) -> Bool {
        switch fix.kind {
        case .user, .gone: id == user
        case .subject: id == subject
        }
    }
}
