/// `vicinityctl subjects import`: puts the records of files into the register, request by request.
package struct RegisterImport {
    private let source: RegisterSource
    private let console: Console
    private let interrupts: Signals?
    private var imported: Int64 = 0

    /// - Parameter interrupts: ends the run when one comes, after the answer to the request that is under way.
    package init(_ source: RegisterSource, console: Console, interrupts: Signals?) {
        self.source = source
        self.console = console
        self.interrupts = interrupts
    }

    /// Checks all files, then imports them.
    ///
    /// - Throws: on an interrupt too, with how many were imported.
    package mutating func run() throws(ClientFault) {
        var files = try RegisterFiles(source, toBe: "imported", console: console, interrupts: interrupts)
        try files.check()
        var control = try ControlClient(socketDirectory: source.socketDirectory, interrupts: interrupts)
        for input in files.inputs {
            var batch = SubjectBatch()
            try files.walk(input, doing: "importing", consequence: Self.soFar) { subject, line throws(ClientFault) in
                if !batch.hasRoom(for: subject) { try put(&batch, of: input, to: &control) }
                batch.add(subject, line: line)
                return imported
            }
            try put(&batch, of: input, to: &control)
        }
        let skipped = files.bad > 0 ? "; \(counted(files.bad, "bad record")) left out" : ""
        console.say("\(counted(imported, "subject")) imported\(skipped)")
    }

    private mutating func put(
        _ batch: inout SubjectBatch, of input: RereadableInput, to control: inout ControlClient
    ) throws(ClientFault) {
        guard !batch.lines.isEmpty else { return }
        if interrupts?.mustEnd() == true { throw .interrupted("interrupted; \(counted(imported, "subject")) imported") }
        do throws(ClientFault) {
            _ = try control.call("subjects.put", encodedParams: batch.params(), farewell: .brief)
        } catch {
            if case .interrupted(let why) = error {
                let rest = "of the \(counted(batch.lines.count, "subject")) that were asked for last nobody knows"
                throw .interrupted("\(why); \(counted(imported, "subject")) imported, \(rest)")
            }
            throw batch.located(error, in: input, Self.soFar(imported), isFirst: imported == 0)
        }
        imported += Int64(batch.lines.count)
        batch = SubjectBatch()
    }

    private static func soFar(_ imported: Int64) -> String {
        imported == 0 ? "; nothing was imported" : "; the \(counted(imported, "subject")) before its request are imported"
    }
}
