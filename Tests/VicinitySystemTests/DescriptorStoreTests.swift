import Glibc
import Synchronization
import Testing

@testable import VicinitySystem

/// What the manager is sent, and what becomes of the descriptors.
struct DescriptorStoreTests {
    private final class Sent: Sendable {
        let messages = Mutex<[String]>([])
        /// The descriptors that were open when they were sent.
        let open = Mutex<[CInt]>([])
    }

    private static func store(_ sent: Sent, answer: CInt = 1, failed: @escaping @Sendable (CInt) -> Void = { _ in }) -> DescriptorStore {
        DescriptorStore(
            send: { message, descriptors in
                sent.messages.withLock { $0.append(message) }
                sent.open.withLock { $0 += descriptors.filter { fcntl($0, F_GETFD) >= 0 } }
                return answer
            },
            barrier: { _ in
                sent.messages.withLock { $0.append("barrier") }
                return answer
            },
            failed: failed)
    }

    private static func descriptor() -> CInt { open("/dev/null", O_RDONLY | O_CLOEXEC) }

    @Test func messagesComeInOrderAndTheBarrierLast() {
        let sent = Sent()
        let store = Self.store(sent)
        let descriptors = [Self.descriptor(), Self.descriptor()]
        store.store("ingest-a-1", descriptors)
        store.remove("events-a-0")
        store.finish()
        #expect(descriptors.allSatisfy { fcntl($0, F_GETFD) >= 0 }, "nothing is sent by whoever gives")
        store.run()
        #expect(
            sent.messages.withLock { $0 } == [
                "FDSTORE=1\nFDNAME=ingest-a-1\nFDPOLL=0", "FDSTOREREMOVE=1\nFDNAME=events-a-0", "barrier",
            ])
        #expect(sent.open.withLock { $0 } == descriptors)
    }

    @Test func whatIsRemovedBeforeItWasSentIsNotSent() {
        let sent = Sent()
        let store = Self.store(sent)
        store.store("ingest-a-1", [Self.descriptor()])
        store.store("ingest-a-2", [Self.descriptor()])
        store.remove("ingest-a-1")
        store.finish()
        store.run()
        #expect(sent.messages.withLock { $0 } == ["FDSTORE=1\nFDNAME=ingest-a-2\nFDPOLL=0", "barrier"])
    }

    @Test func aManagerThatDoesNotListenIsToldOf() {
        let codes = Mutex<[CInt]>([])
        let store = Self.store(Sent(), answer: -ECONNREFUSED) { code in codes.withLock { $0.append(code) } }
        store.store("ingest-a-1", [Self.descriptor()])
        store.finish()
        store.run()
        #expect(codes.withLock { $0 } == [ECONNREFUSED, ECONNREFUSED])
    }
}
