import CSystemd
import Glibc

/// Gives descriptors to the service manager to keep over restarts, and takes them back (`FDSTORE=1`, see sd_pid_notify_with_fds(3)).
///
/// Messages go out in the order in which they were given, on the thread that runs ``run()``: the manager's socket may be full, and then whoever
/// sends waits, which no event loop may. Until a message is sent its descriptors are owned here. What is to be forgotten before it was sent is not
/// sent at all, so that the queue holds at most two messages for each connection that there may be.
///
/// The manager answers nothing. Past `FileDescriptorStoreMax=` it closes what it gets, and nobody is told.
package final class DescriptorStore: Sendable {
    private enum Order: Sendable {
        case store(name: String, Descriptors)
        case remove(name: String)
        case finish
    }

    private let orders = Monitor<[Order]>([])
    private let send: @Sendable (String, [CInt]) -> CInt
    private let barrier: @Sendable (Duration) -> CInt
    private let failed: @Sendable (CInt) -> Void

    /// How long the last word is waited for.
    private static let patience = Duration.seconds(5)

    /// - Parameters:
    ///   - send: is given a message, one assignment a line, and the descriptors that go with it; answers with a negated errno if that failed.
    ///   - barrier: waits until all that was sent has been read.
    ///   - failed: called on the sending thread with the errno of what could not be sent.
    init(
        send: @escaping @Sendable (String, [CInt]) -> CInt, barrier: @escaping @Sendable (Duration) -> CInt,
        failed: @escaping @Sendable (CInt) -> Void
    ) {
        self.send = send
        self.barrier = barrier
        self.failed = failed
    }

    /// Sends to `$NOTIFY_SOCKET`.
    package convenience init(failed: @escaping @Sendable (CInt) -> Void) {
        self.init(
            send: { message, descriptors in sd_pid_notify_with_fds(0, 0, message, descriptors, UInt32(descriptors.count)) },
            barrier: { sd_notify_barrier(0, UInt64(clamping: $0.components.seconds) * 1_000_000) },
            failed: failed)
    }

    /// Has descriptors kept under a name.
    ///
    /// - Parameters:
    ///   - name: never used before, for the manager tells descriptors apart by nothing else.
    ///   - descriptors: are the store's from now on.
    package func store(_ name: String, _ descriptors: [CInt]) { give(.store(name: name, Descriptors(descriptors))) }

    /// Has nothing kept under a name any more. The manager closes its descriptors.
    package func remove(_ name: String) {
        let wasUnsent = orders.withLock { orders in
            let place = orders.lastIndex { if case .store(name, _) = $0 { true } else { false } }
            guard let place else { return false }
            orders.remove(at: place)
            return true
        }
        if !wasUnsent { give(.remove(name: name)) }
    }

    /// Says that nothing more will be given; ``run()`` returns when the manager has read all.
    package func finish() { give(.finish) }

    /// Sends until ``finish()``, and then waits until the manager has read the last message, for the descriptors in it are gone with the process otherwise.
    package func run() {
        while true {
            let next = orders.wait { orders -> [Order]? in
                guard !orders.isEmpty else { return nil }
                defer { orders = [] }
                return orders
            }
            for order in next ?? [] where !carryOut(order) { return }
        }
    }

    private func give(_ order: Order) {
        orders.withLock { $0.append(order) }
        orders.signal()
    }

    /// - Returns: whether to go on.
    private func carryOut(_ order: Order) -> Bool {
        switch order {
        case .store(let name, let descriptors):
            // Without a poll: what hangs up may still have something to be read, and memory cannot be polled.
            check(send("FDSTORE=1\nFDNAME=\(name)\nFDPOLL=0", descriptors.rawValues))
        case .remove(let name): check(send("FDSTOREREMOVE=1\nFDNAME=\(name)", []))
        case .finish:
            check(barrier(Self.patience))
            return false
        }
        return true
    }

    private func check(_ answer: CInt) { if answer < 0 { failed(-answer) } }

    private final class Descriptors: Sendable {
        let rawValues: [CInt]
        init(_ rawValues: [CInt]) { self.rawValues = rawValues }
        deinit { for descriptor in rawValues { _ = close(descriptor) } }
    }
}
