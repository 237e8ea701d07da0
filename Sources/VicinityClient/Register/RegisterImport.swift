/// `vicinityctl subjects import`: puts the records of files into the register, request by request.
package struct RegisterImport {
    private let source: RegisterSource
    private let console: Console
    private var imported: Int64 = 0

    package init(_ source: RegisterSource, console: Console) {
        self.source = source
        self.console = console
    }

    /// Checks all files, then imports them.
    package mutating func run() throws(ClientFault) {
        var files = try RegisterFiles(source, console: console)
        try files.check(otherwise: "imported")
        var control = try ControlClient(socketDirectory: source.socketDirectory)
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
        do throws(ClientFault) {
            _ = try control.call("subjects.put", encodedParams: batch.params())
        } catch {
            throw batch.located(error, in: input, Self.soFar(imported), isFirst: imported == 0)
        }
        imported += Int64(batch.lines.count)
        batch = SubjectBatch()
    }

    private static func soFar(_ imported: Int64) -> String {
        imported == 0 ? "; nothing was imported" : "; the \(counted(imported, "subject")) before its request are imported"
    }
}
