// `vicinityctl subjects import`: every file is read twice, first to check all of it, then to send it. So a bad record in the middle changes
// nothing, and memory holds one batch.

package struct RegisterImport {
    package struct Options: Sendable {
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

    /// Bad records that are named; more are counted.
    static let complaintLimit = 50

    private let options: Options
    private let console: Console
    private var bad = 0
    private var imported: Int64 = 0

    package init(_ options: Options, console: Console) {
        self.options = options
        self.console = console
    }

    /// Checks all files, then imports them.
    package mutating func run() throws(ClientFault) {
        var inputs: [RereadableInput] = []
        do throws(InputFault) {
            for path in options.paths { inputs.append(try RereadableInput(path: path)) }
        } catch {
            throw .input(error)
        }
        for input in inputs { try check(input) }
        if bad > Self.complaintLimit { console.complain("… and \(grouped(bad - Self.complaintLimit)) more") }
        guard bad == 0 || options.skipsBad else {
            throw .badData("\(counted(bad, "bad record")), so nothing was imported. Mend them, or leave them out with --skip-bad")
        }
        var control = try ControlClient(socketDirectory: options.socketDirectory)
        for input in inputs { try send(input, to: &control) }
        let skipped = bad > 0 ? "; \(counted(bad, "bad record")) left out" : ""
        console.say("\(counted(imported, "subject")) imported\(skipped)")
    }

    private mutating func check(_ input: RereadableInput) throws(ClientFault) {
        var bar = ProgressBar("checking \(Self.shortName(input.path))", counting: "records", on: console, now: Clock.monotonic())
        var count: Int64 = 0
        do throws(InputFault) {
            var reader = try RegisterReader(input.open(), format: options.format)
            while let record = try reader.next() {
                count += 1
                if case .bad(let error, let line) = record {
                    bad += 1
                    if bad <= Self.complaintLimit {
                        bar.clear()
                        console.complain("\(Self.name(input.path)):\(line): \(error.why.terminalSafe)")
                    }
                }
                if count % 256 == 0 {
                    bar.update(done: reader.progress.read, of: reader.progress.size, count: count, now: Clock.monotonic())
                }
            }
        } catch {
            bar.clear()
            throw .input(error)
        }
        bar.clear()
    }

    private mutating func send(_ input: RereadableInput, to control: inout ControlClient) throws(ClientFault) {
        var bar = ProgressBar("importing \(Self.shortName(input.path))", counting: "subjects", on: console, now: Clock.monotonic())
        defer { bar.clear() }
        var reader: RegisterReader
        do { reader = try RegisterReader(input.open(), format: options.format) } catch { throw .input(error) }
        var batch = SubjectBatch()
        while true {
            let record: RegisterReader.Record?
            do { record = try reader.next() } catch { throw .input(error) }
            switch record {
            case .subject(let subject, let line):
                if !batch.hasRoom(for: subject) {
                    try put(&batch, of: input, to: &control)
                    bar.update(done: reader.progress.read, of: reader.progress.size, count: imported, now: Clock.monotonic())
                }
                batch.add(subject, line: line)
            case .bad(_, let line) where !options.skipsBad:
                throw .badData("\(Self.name(input.path)):\(line): the file has changed while it was read\(soFar)")
            case .bad: break
            case nil:
                try put(&batch, of: input, to: &control)
                return
            }
        }
    }

    private mutating func put(
        _ batch: inout SubjectBatch, of input: RereadableInput, to control: inout ControlClient
    ) throws(ClientFault) {
        guard !batch.lines.isEmpty else { return }
        do throws(ClientFault) {
            _ = try control.call("subjects.put", encodedParams: batch.params)
        } catch {
            throw located(error, batch, input)
        }
        imported += Int64(batch.lines.count)
        batch = SubjectBatch()
    }

    /// The daemon's refusal with the line of the file that it is about, where it says which of the subjects it is.
    private func located(_ fault: ClientFault, _ batch: SubjectBatch, _ input: RereadableInput) -> ClientFault {
        guard case .rpc(_, let error) = fault else { return fault }
        guard let index = error.data?["at"].flatMap(SubjectBatch.index), batch.lines.indices.contains(index) else {
            return imported == 0 ? fault : .refused("\(fault)\(soFar)")
        }
        return .refused("\(Self.name(input.path)):\(batch.lines[index]): the daemon refused the subject: \(error.message)\(soFar)")
    }

    private var soFar: String {
        imported == 0 ? "; nothing was imported" : "; the \(counted(imported, "subject")) before its request are imported"
    }

    private static func name(_ path: String) -> String { path == "-" ? "stdin" : path }

    private static func shortName(_ path: String) -> String { name(path.split(separator: "/").last.map(String.init) ?? path) }
}
