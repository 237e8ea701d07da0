// Files of a register that are read more than once: first to check all of them, then to send what is in them. So a bad record in the middle
// changes nothing, and memory holds one batch.

/// Where a register comes from.
package struct RegisterSource: Sendable {
    package var socketDirectory: String
    package var paths: [String]
    /// `nil` is told by name and content.
    package var format: RegisterFormat?
    package var skipsBad: Bool

    package init(socketDirectory: String, paths: [String], format: RegisterFormat? = nil, skipsBad: Bool = false) {
        self.socketDirectory = socketDirectory
        self.paths = paths
        self.format = format
        self.skipsBad = skipsBad
    }
}

/// The files of a register.
struct RegisterFiles {
    /// Bad records that are named; more are counted.
    static let complaintLimit = 50

    let inputs: [RereadableInput]
    private let source: RegisterSource
    private let console: Console
    private let interrupts: Signals?
    /// What does not happen if there are bad ones, for sentences: "imported".
    private let purpose: String
    /// Records that were named as bad.
    private(set) var bad = 0

    /// - Parameters:
    ///   - purpose: what is to be done with what is in the files: "imported".
    ///   - interrupts: end the check.
    init(_ source: RegisterSource, toBe purpose: String, console: Console, interrupts: Signals?) throws(ClientFault) {
        var inputs: [RereadableInput] = []
        do throws(InputFault) {
            for path in source.paths { inputs.append(try RereadableInput(path: path, console: console, interrupts: interrupts)) }
        } catch {
            throw interrupts?.mustEnd() == true ? .interrupted(Self.interruption(purpose)) : .input(error)
        }
        self.inputs = inputs
        self.source = source
        self.console = console
        self.interrupts = interrupts
        self.purpose = purpose
    }

    private static func interruption(_ purpose: String) -> String { "interrupted; nothing was \(purpose)" }

    /// Checks all records of all files, and names each bad one as FILE:LINE.
    ///
    /// - Parameter judge: says of a good record what is wrong with it all the same, or `nil`.
    /// - Throws: ``ClientFault/badData(_:)`` if there are bad ones and they are not to be left out.
    mutating func check(_ judge: (Subject) -> String? = { _ in nil }) throws(ClientFault) {
        for input in inputs { try check(input, judge) }
        if bad > Self.complaintLimit { console.complain("… and \(grouped(bad - Self.complaintLimit)) more") }
        guard bad == 0 || source.skipsBad else {
            throw .badData("\(counted(bad, "bad record")), so nothing was \(purpose). Mend them, or leave them out with --skip-bad")
        }
    }

    private mutating func check(_ input: RereadableInput, _ judge: (Subject) -> String?) throws(ClientFault) {
        var bar = RecordBar("checking", at: input.path, on: console, now: Clock.monotonic())
        defer { bar.clear() }
        do throws(InputFault) {
            var reader = try RegisterReader(input.open(), format: source.format)
            while let record = try reader.next() {
                switch record {
                case .bad(let error, let line): complain(input, line, error.why, &bar)
                case .subject(let subject, let line): if let why = judge(subject) { complain(input, line, why, &bar) }
                }
                bar.took(reader.progress, clock: Clock.monotonic)
                if bar.count.isMultiple(of: 256), interrupts?.mustEnd() == true { break }
            }
        } catch {
            throw .input(error)
        }
        if interrupts?.mustEnd() == true { throw .interrupted(Self.interruption(purpose)) }
    }

    private mutating func complain(_ input: RereadableInput, _ line: Int, _ why: String, _ bar: inout RecordBar) {
        bad += 1
        guard bad <= Self.complaintLimit else { return }
        bar.clear()
        console.complain("\(Self.name(input.path)):\(line): \(why.terminalSafe)")
    }

    /// Walks over a file that was checked.
    ///
    /// - Parameters:
    ///   - doing: a word for the progress.
    ///   - consequence: what to add to the sentence if the file is not what it was, by how many were dealt with so far.
    ///   - take: gets each subject with its line; says how many were dealt with so far.
    func walk(
        _ input: RereadableInput, doing: String, consequence: (Int64) -> String,
        _ take: (Subject, Int) throws(ClientFault) -> Int64
    ) throws(ClientFault) {
        var bar = ProgressBar("\(doing) \(Self.shortName(input.path))", counting: "subjects", on: console, now: Clock.monotonic())
        defer { bar.clear() }
        var reader: RegisterReader
        do { reader = try RegisterReader(input.open(), format: source.format) } catch { throw .input(error) }
        var count: Int64 = 0
        while true {
            let record: RegisterReader.Record?
            do { record = try reader.next() } catch { throw .input(error) }
            switch record {
            case .subject(let subject, let line):
                count = try take(subject, line)
                bar.update(done: reader.progress.read, of: reader.progress.size, count: count, now: Clock.monotonic())
            case .bad(_, let line) where !source.skipsBad:
                throw .badData("\(Self.name(input.path)):\(line): the file has changed while it was read\(consequence(count))")
            case .bad: break
            case nil: return
            }
        }
    }

    static func name(_ path: String) -> String { path == "-" ? "stdin" : path }

    private static func shortName(_ path: String) -> String { name(path.split(separator: "/").last.map(String.init) ?? path) }
}
