package import VicinityCore
package import VicinityStore
package import VicinityWire

/// One thing for the writer to do. Everything that changes state comes this way, and so does what must see it between two steps.
package enum Work: Sendable {
    /// Lines of a gateway, whom to tell when they are durable, and when they were read, in monotonic nanoseconds; 0 if nobody wants to know.
    case fixes(FixBatch, Gateway, arrived: Int64 = 0)
    /// Nothing but a wish to be told when all that came before is durable: up to this line.
    case settle(Gateway, upTo: UInt64)
    case put([SubjectRow], Reply<Int>)
    case remove([[UInt8]], Reply<Int>)
    case edition(EditionWork)
    /// Cells follow from another key; answered with how many subjects went to a new centre when all have. Audited.
    case rotateKey(salt: [UInt8], for: AuditEntry.Peer, Reply<Result<Int, RotationRefusal>>)
    case user([UInt8], Reply<UserView?>)
    /// What became of a subject since it was put; `nil` if the register does not have it.
    case subject([UInt8], Reply<SubjectView?>)
    case suspension(SuspensionWork)
    case disclosure(DisclosureWork)
    case report(ReportWork)
    /// A user with the position; audited.
    case locate([UInt8], for: AuditEntry.Peer, Reply<UserView?>)
    /// Audited.
    case explain(user: [UInt8], subject: [UInt8]?, for: AuditEntry.Peer, Reply<Explanation?>)
    /// In which cells everybody is, when all have been looked at.
    case census(Reply<Census>)
    /// A user is to be forgotten; answered, with the number of events that have lost the user, when nothing is left. Audited.
    case forget([UInt8], for: AuditEntry.Peer, Reply<Result<Int64, ForgettingRefusal>>)
    /// Of what these were to take away nothing is left.
    case erased([Erasure])
    case configure(Rules)
    /// Nothing but a way through: `taken` when the writer has it, the answer after the next commit, which goes as soon as it can.
    case pulse(taken: @Sendable () -> Void, Reply<Void>)
    /// A subscription that needs a durable cursor or a cut.
    case subscribe(SubscriptionRequest, Reply<Result<OpenedSubscription, SubscriptionRefusal>>)
    /// A connection that outlived the process in which it had this name takes it again, and its cursor stays; answered with whether the name
    /// was there and free. To be asked before anybody else may.
    case reclaim(name: [UInt8], holder: UInt64, Reply<Bool>)
    /// The next piece of a subscriber's cut; `nil` if it has none.
    case readCut(holder: UInt64, Reply<CutPiece?>)
    /// Everything up to this seq counts as delivered to the holder's name.
    case acknowledge(holder: UInt64, seq: Int64, Reply<Void>)
    /// A subscriber is gone: its name is free, its cut is forgotten.
    case release(holder: UInt64)
    case subscribers(Reply<[SubscriberState]>)
    case removeSubscriber(name: [UInt8], Reply<SubscriberRemoval>)
}

/// Where to send what became of a gateway's lines.
package struct Gateway: Sendable {
    package let id: UInt64
    /// Called after the commit, on the thread that made it durable.
    package let deliver: @Sendable (Receipt) -> Void

    package init(id: UInt64, deliver: @escaping @Sendable (Receipt) -> Void) {
        self.id = id
        self.deliver = deliver
    }
}

/// What a commit means to one gateway.
package struct Receipt: Sendable {
    /// The number of the last line that is durable now.
    package var upTo: UInt64
    /// Errors of the lines that this commit covers, in order of the lines, which count from 1.
    package var errors: [(line: UInt64, error: LineError)]
}

/// An answer that is sent once, after what it says is durable.
package struct Reply<Value: Sendable>: Sendable {
    package let send: @Sendable (Value) -> Void

    package init(_ send: @escaping @Sendable (Value) -> Void) { self.send = send }
}

/// What the writer is asked for a subscriber.
package struct SubscriptionRequest: Sendable, Equatable {
    /// UTF-8; `nil` if the subscriber has no durable cursor.
    package var name: [UInt8]?
    /// Where a new name begins; `nil` is now.
    package var after: Int64?
    package var wantsSnapshot: Bool
    /// The connection.
    package var holder: UInt64

    package init(name: [UInt8]?, after: Int64?, wantsSnapshot: Bool, holder: UInt64) {
        self.name = name
        self.after = after
        self.wantsSnapshot = wantsSnapshot
        self.holder = holder
    }
}

/// A subscription that was granted: its cursor is durable.
package struct OpenedSubscription: Sendable, Equatable {
    /// The seq after which events follow; of a snapshot, the seq of its cut.
    package var after: Int64

    package init(after: Int64) { self.after = after }
}

/// A named subscriber, as operators see it.
package struct SubscriberState: Sendable, Equatable {
    /// UTF-8.
    package var name: [UInt8]
    package var acked: Int64
    /// When the cursor last moved, in Unix milliseconds.
    package var wallTime: Int64
    package var isConnected: Bool
}

/// What became of the wish to remove a named subscriber.
package enum SubscriberRemoval: Sendable {
    case removed
    case unknown
    /// It is connected.
    case inUse
}
