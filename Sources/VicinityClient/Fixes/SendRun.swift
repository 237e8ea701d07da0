// `vicinityctl send`: the loop between files, the state machine and the socket.

internal import Glibc

package struct SendRun: ~Copyable {
    package struct Options: Sendable {
        package var socketDirectory: String
        package var paths: [String]
        package var speed: Double?
        package var shiftsToNow: Bool
        /// How long to go on trying after a cut, in milliseconds.
        package var retry: Int64
        package var window: Int

        package init(
            socketDirectory: String, paths: [String], speed: Double? = nil, shiftsToNow: Bool = false, retry: Int64 = 30_000,
            window: Int = 8 << 20
        ) {
            self.socketDirectory = socketDirectory
            self.paths = paths
            self.speed = speed
            self.shiftsToNow = shiftsToNow
            self.retry = retry
            self.window = window
        }
    }

    /// Unsent bytes at which reading the files makes a pause; small writes cost the daemon as much as big ones.
    private static let burst = 1 << 20
    /// After an interrupt, how long the daemon may take for its last ack, in milliseconds.
    private static let farewell: Int64 = 5_000

    private let options: Options
    private let console: Console
    private let interrupts: Signals?
    private let socket: String

    private var input: FixInput
    private var schedule: FixSchedule
    private var sender: FixSender
    private var connection: UnixConnection?
    private var answers = LineBuffer()
    /// The line that was read but is not due yet.
    private var held: [UInt8] = []
    private var heldIsDue: Int64?
    private var inputIsIdle = false
    private var inputHasEnded = false
    private var interruptedAt: Int64?
    private var reconnects = 0
    private var backOff: Int64 = 0
    private var retryUntil: Int64 = 0
    private var ackedAtCut: UInt64 = 0
    private var bar: ProgressBar
    private let begun = Clock.monotonic()

    /// - Parameter interrupts: ends the input when one comes; `nil` in tests.
    package init(_ options: Options, console: Console, interrupts: Signals?) throws(ClientFault) {
        self.options = options
        self.console = console
        self.interrupts = interrupts
        socket = "\(options.socketDirectory)/ingest.sock"
        do { input = try FixInput(paths: options.paths) } catch { throw .input(error) }
        schedule = FixSchedule(speed: options.speed, shiftsToNow: options.shiftsToNow)
        sender = FixSender(window: options.window)
        bar = ProgressBar("sending", counting: "lines", on: console, now: begun)
    }

    /// Sends everything and prints the summary.
    ///
    /// - Throws: if a line was refused, the daemon is out of reach for longer than ``Options/retry``, or on an interrupt.
    package consuming func run() throws(ClientFault) {
        do throws(ClientFault) {
            try connect(patience: ControlClient.patience)
            while try step() {}
        } catch {
            bar.clear()
            summarize()
            throw error
        }
        bar.clear()
        summarize()
        if interruptedAt != nil { throw .interrupted("interrupted; \(counted(Int64(sender.acked), "line")) are dealt with") }
        if sender.refusals.total > 0 { throw .refused("\(counted(Int64(sender.refusals.total), "line")) refused") }
    }

    /// One round of the loop.
    ///
    /// - Returns: false when all is done.
    private mutating func step() throws(ClientFault) -> Bool {
        let now = Clock.monotonic()
        noticeInterrupt(now)
        try fill(now)
        switch sender.order {
        case .finished: return false
        case .connect:
            try reconnect(now)
            return true
        case .halfClose:
            halfClose()
            return true
        case .write, .wait: break
        }
        if interruptedAt.map({ now - $0 > Self.farewell }) == true { return false }
        waitForWork(now)
        if sender.order == .write { write() }
        try read()
        bar.update(done: input.bytesRead, of: input.size, count: Int64(sender.acked), now: Clock.monotonic())
        return true
    }

    private mutating func noticeInterrupt(_ now: Int64) {
        guard interruptedAt == nil, interrupts?.mustEnd() == true else { return }
        interruptedAt = now
        endInput()
    }

    private mutating func endInput() {
        guard !inputHasEnded else { return }
        inputHasEnded = true
        heldIsDue = nil
        sender.endInput()
    }

    /// Moves lines that are due from the files into the window.
    private mutating func fill(_ now: Int64) throws(ClientFault) {
        inputIsIdle = false
        while !inputHasEnded, sender.hasRoom, sender.unsent.count < Self.burst {
            if let due = heldIsDue {
                guard due <= now else { return }
                sender.offer(held)
                heldIsDue = nil
            }
            let step: LineSource.Step
            do { step = try input.next(&held) } catch { throw .input(error) }
            switch step {
            case .end: endInput()
            case .idle:
                inputIsIdle = true
                return
            case .line: heldIsDue = schedule.place(&held, clock: now, wall: Clock.wall())
            }
        }
    }

    /// Waits until something can be done.
    private func waitForWork(_ now: Int64) {
        var requests: [pollfd] = []
        switch connection {
        case .some(let connection):
            let events = POLLIN | (sender.order == .write ? POLLOUT : 0)
            requests.append(pollfd(fd: connection.rawDescriptor, events: Int16(events), revents: 0))
        case nil: break
        }
        if inputIsIdle, sender.hasRoom, let descriptor = input.rawDescriptor {
            requests.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
        }
        if let interrupts, interruptedAt == nil { requests.append(pollfd(fd: interrupts.descriptor, events: Int16(POLLIN), revents: 0)) }
        var timeout: Int64 = interruptedAt == nil ? 1_000 : 200
        if let due = heldIsDue, sender.hasRoom { timeout = min(timeout, max(0, due - now)) }
        poll(&requests, nfds_t(requests.count), Int32(timeout))
    }

    private mutating func write() {
        var count: Int?
        switch connection {
        case .some(let connection): count = connection.send(sender.unsent)
        case nil: return
        }
        // On an error there may still be words of the daemon to read; `read` sees the end.
        if let count { sender.wrote(count) }
    }

    private mutating func halfClose() {
        switch connection {
        case .some(let connection): connection.halfClose()
        case nil: break
        }
        sender.halfClosed()
    }

    private mutating func read() throws(ClientFault) {
        var received = UnixConnection.Received.nothingYet
        switch connection {
        case .some(let connection): received = answers.withBuffer { connection.receive(into: &$0) }
        case nil: return
        }
        while let line = answers.next() {
            let answer: GatewayAnswer
            do { answer = try GatewayAnswer(parsing: line) } catch {
                throw .lost(socket: socket, why: "an answer that is not JSON: \(error.why)")
            }
            if case .refused(let code, let message) = answer { throw .refused("\(socket) refused us: \(message) (\(code))") }
            let before = sender.acked
            do { try sender.received(answer) } catch { throw .lost(socket: socket, why: error.why) }
            if sender.acked > before { backOff = 0 }
        }
        if received == .end {
            connection = nil
            answers = LineBuffer()
            sender.cut()
            // A daemon that takes connections and closes them is no progress.
            if retryUntil == 0 || sender.acked > ackedAtCut { retryUntil = Clock.monotonic() + options.retry }
            ackedAtCut = sender.acked
        }
    }

    /// - Parameter patience: how long the daemon may accept nobody, in milliseconds.
    private mutating func connect(patience: Int32) throws(ClientFault) {
        connection = try UnixConnection(path: socket, patience: patience, interrupts: interrupts)
        sender.connected()
    }

    /// One attempt, after the pause that is due.
    private mutating func reconnect(_ now: Int64) throws(ClientFault) {
        guard interruptedAt == nil else { throw .interrupted("interrupted while \(socket) was out of reach") }
        guard now < retryUntil else {
            throw .lost(socket: socket, why: "it was cut, and was not back within \(spanText(milliseconds: options.retry))")
        }
        if backOff > 0 { pause(min(backOff, retryUntil - now)) }
        backOff = min(2_000, max(100, backOff * 2))
        do {
            try connect(patience: 0)
            reconnects += 1
        } catch {
            // Tried again in the next round, until the span is over.
            return
        }
    }

    private func pause(_ milliseconds: Int64) {
        var requests: [pollfd] = []
        if let interrupts { requests.append(pollfd(fd: interrupts.descriptor, events: Int16(POLLIN), revents: 0)) }
        poll(&requests, nfds_t(requests.count), Int32(milliseconds))
    }

    private func summarize() {
        let elapsed = max(1, Clock.monotonic() - begun)
        let summary = SendSummary(
            dealtWith: sender.acked, unknown: sender.offered - sender.acked, sentAgain: sender.sentAgain, reconnects: reconnects,
            refusals: sender.refusals, milliseconds: elapsed, shiftsToNow: options.shiftsToNow && options.speed == nil)
        console.say(summary.text { input.place(of: $0) })
    }
}
