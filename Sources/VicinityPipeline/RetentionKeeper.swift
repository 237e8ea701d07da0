package import VicinityStore

/// What the configuration says of how long events and audit entries are kept.
package struct RetentionSettings: Sendable, Equatable {
    /// Milliseconds since an event's commit.
    package var span: Int64
    package var events: Int64
    /// Milliseconds since an audit entry was written; `nil` keeps all.
    package var auditSpan: Int64?

    package init(span: Int64, events: Int64, auditSpan: Int64? = nil) {
        self.span = span
        self.events = events
        self.auditSpan = auditSpan
    }
}

/// Somebody's wish that events go.
package struct PruneRequest: Sendable {
    /// Events before this seq go; `nil` is as configured.
    package var beforeSeq: Int64?
    package var reply: Reply<Result<Pruned, StoreFault>>

    package init(beforeSeq: Int64?, reply: Reply<Result<Pruned, StoreFault>>) {
        self.beforeSeq = beforeSeq
        self.reply = reply
    }
}

/// What became of a wish to prune.
package struct Pruned: Sendable, Equatable {
    package var oldest: Int64
    /// Events that went.
    package var removed: Int64

    package init(oldest: Int64, removed: Int64) {
        self.oldest = oldest
        self.removed = removed
    }
}

/// Decides when the store is to let events go, one small step at a time, so that commits wait for none of it.
///
/// Whoever makes commits durable asks it between them.
package struct RetentionKeeper {
    /// How long after a round that found nothing more to do the next one begins, in milliseconds.
    package static var pause: Int64 { 1000 }

    private var requests: [(request: PruneRequest, removed: Int64)] = []
    /// When the next step is due, on the monotonic clock.
    private var next: Int64

    /// - Parameter now: monotonic milliseconds.
    package init(now: Int64) { next = now + Self.pause }

    /// When ``step(_:head:settings:clock:now:)`` has something to do, in monotonic milliseconds.
    package var deadline: Int64 { requests.isEmpty ? next : 0 }

    package mutating func add(_ request: PruneRequest) { requests.append((request, 0)) }

    /// Takes a step if one is due.
    ///
    /// - Parameters:
    ///   - clock: Unix milliseconds that the age of events is measured with; `nil` if the clock is not to be trusted now.
    ///   - now: monotonic milliseconds.
    ///   - tell: is told what the step did before anybody who asked for it is answered.
    /// - Returns: what the step did, or `nil` if none was due.
    /// - Throws: what the store throws; the requests that wait have been answered with it.
    package mutating func step(
        _ store: any LogStore, settings: RetentionSettings, clock: Int64?, now: Int64, telling tell: (RetentionStep) -> Void = { _ in }
    ) throws(StoreFault) -> RetentionStep? {
        guard now >= deadline else { return nil }
        let head = store.head.seq
        var retention = Retention(committedBefore: clock.map { $0 - settings.span })
        if let clock, let span = settings.auditSpan { retention.auditedBefore = clock - span }
        if settings.events < head { retention.beforeSeq = head - settings.events + 1 }
        if let asked = requests.first?.request.beforeSeq { retention.beforeSeq = max(retention.beforeSeq ?? 0, min(asked, head + 1)) }
        let step: RetentionStep
        do {
            step = try store.retain(retention)
        } catch {
            next = now + Self.pause
            for (request, _) in requests { request.reply.send(.failure(error)) }
            requests = []
            throw error
        }
        tell(step)
        next = step.isDone && step.isSwept ? now + Self.pause : now
        guard !requests.isEmpty else { return step }
        requests[0].removed += step.removed
        if step.isDone {
            let (request, removed) = requests.removeFirst()
            request.reply.send(.success(Pruned(oldest: step.oldest, removed: removed)))
        }
        return step
    }
}
