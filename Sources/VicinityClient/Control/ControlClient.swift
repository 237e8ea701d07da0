// JSON-RPC 2.0 over `control.sock`: one request, its answer, the next.

/// A connection to the daemon's control socket.
package struct ControlClient: ~Copyable {
    /// How long the daemon may be silent on a request, in milliseconds: a minute, for it may be starting (it answers nothing until its
    /// recovery is complete) or be busy with a large register.
    package static let patience: Int32 = 60_000

    /// What a signal does to a call whose answer is waited for.
    package struct Farewell: Sendable {
        /// How long the answer is still waited for, in milliseconds.
        var patience: Int32
        /// Tells the operator why it goes on.
        var note: String?

        /// For questions: nobody misses the answer.
        package static let none = Farewell(patience: 0)
        /// For changes: the answer tells whether they were made.
        static let brief = Farewell(patience: 5_000)
    }

    private let connection: UnixConnection
    private let interrupts: Signals?
    private var lines = LineBuffer()
    private var lastID: Int64 = 0
    /// The last that was asked for, for sentences.
    private var method = ""

    /// - Parameters:
    ///   - patience: how long the daemon may accept nobody, in milliseconds.
    ///   - interrupts: end what is waited for; `nil` where nothing is to be said or put in order then.
    package init(socketDirectory: String, patience: Int32 = patience, interrupts: Signals? = nil) throws(ClientFault) {
        connection = try UnixConnection(path: "\(socketDirectory)/control.sock", patience: patience, interrupts: interrupts)
        self.interrupts = interrupts
    }

    /// Asks for one thing and waits for the answer.
    ///
    /// - Parameters:
    ///   - patience: how long to wait for an answer, in milliseconds.
    ///   - farewell: what a signal does, also one that has come already.
    /// - Throws: ``ClientFault/interrupted(_:)`` if a signal has come and the answer has not.
    package mutating func call(
        _ method: String, _ params: [JSONValue.Member] = [], patience: Int32 = patience, farewell: Farewell = .none
    ) throws(ClientFault) -> JSONValue {
        var encoded: [UInt8] = []
        if !params.isEmpty { JSONValue.object(params).encode(into: &encoded) }
        return try call(method, encodedParams: encoded, patience: patience, farewell: farewell)
    }

    /// - Parameter encodedParams: a JSON object without a newline; empty for none.
    package mutating func call(
        _ method: String, encodedParams: [UInt8], patience: Int32 = patience, farewell: Farewell = .none
    ) throws(ClientFault) -> JSONValue {
        try ask(method, encodedParams: encodedParams)
        var waiting = Waiting(for: method, on: .standard, now: Clock.monotonic())
        defer { waiting.end() }
        while true {
            if let result = try answer() { return result }
            if interrupts?.mustEnd() == true { break }
            let isThere = waiting.wait(patience: patience, clock: Clock.monotonic) { connection.wait(timeout: $0, or: interrupts) }
            guard isThere else { throw silence(patience) }
        }
        guard farewell.patience > 0 else { throw .interrupted("interrupted") }
        if let note = farewell.note {
            waiting.end()
            Console.standard.complain(note)
        }
        while true {
            if let result = try answer() { return result }
            let isThere = waiting.wait(patience: farewell.patience, clock: Clock.monotonic) { connection.wait(timeout: $0) }
            guard isThere else {
                throw .interrupted("interrupted, and no answer to \(method) within \(spanText(milliseconds: Int64(farewell.patience)))")
            }
        }
    }

    // MARK: - Without waiting

    /// For `poll`: readable when there may be an ``answer()``.
    package var rawDescriptor: CInt { connection.rawDescriptor }

    /// Asks for one thing. The answer has to be taken before the next is asked for.
    ///
    /// - Parameter encodedParams: a JSON object without a newline; empty for none.
    package mutating func ask(_ method: String, encodedParams: [UInt8] = []) throws(ClientFault) {
        self.method = method
        lastID += 1
        var request = Array("{\"jsonrpc\":\"2.0\",\"id\":\(lastID),\"method\":\"\(method)\"".utf8)
        if !encodedParams.isEmpty {
            request.append(contentsOf: ",\"params\":".utf8)
            request.append(contentsOf: encodedParams)
        }
        request.append(contentsOf: "}\n".utf8)
        try send(request)
    }

    /// The answer to what was asked; `nil` if it has not come yet.
    ///
    /// - Throws: also when the daemon has closed the connection while nothing was asked.
    package mutating func answer() throws(ClientFault) -> JSONValue? {
        guard var answer = try receive() else { return nil }
        // Late answers to what was given up.
        while let id = answer["id"]?.integer, id < lastID {
            guard let next = try receive() else { return nil }
            answer = next
        }
        if let error = answer["error"] {
            throw .rpc(
                method: method,
                RPCError(
                    code: error["code"]?.integer ?? 0, message: error["message"]?.string ?? error["code"]?.string ?? error.text,
                    data: error["data"] ?? error["code"]?.string.map { .object([JSONValue.Member("code", .string($0))]) }))
        }
        guard answer["id"]?.integer == lastID, let members = answer.members,
            let result = members.first(where: { $0.key == "result" })
        else { throw .lost(socket: connection.path, why: "the answer is none to the question: \(answer.text.prefix(200))") }
        return result.value
    }

    private func send(_ request: [UInt8]) throws(ClientFault) {
        var rest = request[...]
        while !rest.isEmpty {
            // A daemon that closed at once (forbidden) has said why: `receive` will tell.
            guard let count = connection.send(rest) else { return }
            rest = rest.dropFirst(count)
            if count == 0, !connection.wait(toWrite: true, timeout: Self.patience) { throw silence(Self.patience) }
        }
    }

    /// The next line; `nil` if it is not there yet.
    private mutating func receive() throws(ClientFault) -> JSONValue? {
        while true {
            if let line = lines.next() {
                do {
                    return try JSONValue(parsing: line)
                } catch {
                    throw .lost(socket: connection.path, why: "the answer is not JSON: \(error.why)")
                }
            }
            switch lines.withBuffer({ connection.receive(into: &$0) }) {
            case .bytes: continue
            case .nothingYet: return nil
            case .end: throw .lost(socket: connection.path, why: "the daemon closed the connection without an answer")
            }
        }
    }

    private func silence(_ patience: Int32) -> ClientFault {
        .lost(socket: connection.path, why: "no answer within \(patience / 1000) s")
    }
}
