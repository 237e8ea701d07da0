// `vicinityctl watch`: the loop between the socket, the subscription and the screen.

internal import Glibc

package struct WatchRun: ~Copyable {
    package struct Options: Sendable {
        package var socketDirectory: String
        package var showsJSON: Bool
        /// Stop after so many events; `nil` is never.
        package var count: Int?
        /// How long to go on trying after a cut, in milliseconds.
        package var retry: Int64

        package init(socketDirectory: String, showsJSON: Bool = false, count: Int? = nil, retry: Int64 = 30_000) {
            self.socketDirectory = socketDirectory
            self.showsJSON = showsJSON
            self.count = count
            self.retry = retry
        }
    }

    private enum Ending {
        case enough
        case cut
        case startOver
    }

    private let options: Options
    private let console: Console
    private let interrupts: Signals?
    private let printer: EventPrinter
    private let socket: String
    private var subscription: Subscription
    private var shown = 0

    /// - Parameter interrupts: ends the run when one comes; `nil` in tests.
    package init(
        _ options: Options, _ subscription: Subscription, console: Console, interrupts: Signals?,
        printer: EventPrinter = EventPrinter { Clock.localOffset(at: $0) }
    ) {
        self.options = options
        self.subscription = subscription
        self.console = console
        self.interrupts = interrupts
        self.printer = printer
        socket = "\(options.socketDirectory)/events.sock"
    }

    /// Shows events until there are enough of them, or a signal comes: that is how one ends a watch, and no failure.
    package consuming func run() throws(ClientFault) {
        if options.count == 0 { return }
        var connection = try connect()
        while true {
            switch try converse(connection) {
            case .enough: return
            case .cut:
                guard let next = try reconnect() else { return }
                connection = next
            case .startOver: connection = try connect()
            }
        }
    }

    private func connect() throws(ClientFault) -> UnixConnection {
        try UnixConnection(path: socket, patience: ControlClient.patience, interrupts: interrupts)
    }

    /// One connection from its subscription to its end.
    private mutating func converse(_ connection: borrowing UnixConnection) throws(ClientFault) -> Ending {
        var lines = LineBuffer()
        guard send(subscription.request(), to: connection) else { return .cut }
        while true {
            if !wait(connection) { return .enough }
            let received = lines.withBuffer { connection.receive(into: &$0) }
            var output: [UInt8] = []
            var ending: Ending?
            while ending == nil, let line = lines.next() { ending = try take(line, into: &output) }
            // Shown first, acknowledged then: a crash in between shows an event twice, never not at all.
            console.say(output)
            if let ack = subscription.ack() { _ = send(ack, to: connection) }
            if let ending { return ending }
            if received == .end { return .cut }
        }
    }

    private mutating func take(_ line: [UInt8], into output: inout [UInt8]) throws(ClientFault) -> Ending? {
        let message: JSONValue
        do { message = try JSONValue(parsing: line) } catch {
            throw .lost(socket: socket, why: "a line that is not JSON: \(error.why)")
        }
        switch subscription.take(message) {
        case .nothing: return nil
        case .note(let text):
            console.complain(text.terminalSafe)
            return nil
        case .startOver(let text):
            console.complain(text)
            return .startOver
        case .refused(let code, let text): throw .refused("\(socket) refused the subscription: \(text) (\(code))")
        case .event(let event):
            output.append(contentsOf: options.showsJSON ? line : Array(printer.text(event).utf8))
            output.append(0x0A)
            shown += 1
            return shown == options.count ? .enough : nil
        }
    }

    /// - Returns: false if a signal came.
    private func wait(_ connection: borrowing UnixConnection) -> Bool {
        var requests = [pollfd(fd: connection.rawDescriptor, events: Int16(POLLIN), revents: 0)]
        if let interrupts { requests.append(pollfd(fd: interrupts.descriptor, events: Int16(POLLIN), revents: 0)) }
        poll(&requests, nfds_t(requests.count), -1)
        return interrupts?.mustEnd() != true
    }

    private func send(_ bytes: [UInt8], to connection: borrowing UnixConnection) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let count = connection.send(rest) else { return false }
            rest = rest.dropFirst(count)
            if count == 0 { _ = connection.wait(toWrite: true, timeout: 1_000) }
        }
        return true
    }

    /// - Returns: `nil` if a signal came meanwhile.
    private mutating func reconnect() throws(ClientFault) -> UnixConnection? {
        let end = Clock.monotonic() + options.retry
        var pause: Int64 = 100
        console.complain("the daemon closed the connection; trying again for \(spanText(milliseconds: options.retry))")
        while Clock.monotonic() < end {
            var requests: [pollfd] = []
            if let interrupts { requests.append(pollfd(fd: interrupts.descriptor, events: Int16(POLLIN), revents: 0)) }
            poll(&requests, nfds_t(requests.count), Int32(pause))
            if interrupts?.mustEnd() == true { return nil }
            pause = min(2_000, pause * 2)
            do { return try UnixConnection(path: socket, patience: 0) } catch { continue }
        }
        throw .lost(socket: socket, why: "it was cut, and was not back within \(spanText(milliseconds: options.retry))")
    }
}
