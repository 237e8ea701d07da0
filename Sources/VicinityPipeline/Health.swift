import Synchronization

/// What is wrong with the daemon at the moment, in sentences for the operator.
package final class Health: Sendable {
    /// What can be wrong; each has at most one sentence. The name is the reason in `status`, in the metric and in docs/runbook.md.
    package enum Part: String, Sendable, CaseIterable {
        /// Commits cannot be made durable.
        case store
        /// A commit takes long.
        case storeSlow = "store_slow"
        /// A part of the log cannot be read.
        case log
        /// Events that should go cannot be removed.
        case retention
        /// A user who is to be forgotten cannot be taken out of the log.
        case erasure
        /// The audit log is not what was written.
        case audit
        /// The disk of the log is nearly full.
        case disk
        /// A named subscriber is far behind.
        case subscriberLag = "subscriber_lag"
        /// The clock was set.
        case clock
        /// What goes through the whole daemon takes long.
        case watchdog
    }

    private let reasons = Mutex<[Part: String]>([:])

    package init() {}

    /// Says what is wrong, or, with `nil`, that nothing is.
    ///
    /// - Returns: whether this is news: the part was well before, or is well again.
    @discardableResult
    package func report(_ part: Part, _ reason: String?) -> Bool {
        reasons.withLock { reasons in
            let wasWell = reasons[part] == nil
            reasons[part] = reason
            return wasWell != (reason == nil)
        }
    }

    /// Parts that are not well, and why, in the order of the parts; empty if all is well.
    package var troubles: [(part: Part, sentence: String)] {
        reasons.withLock { reasons in Part.allCases.compactMap { part in reasons[part].map { (part, $0) } } }
    }

    /// In the order of the parts, each behind its name; empty if all is well.
    package var sentences: [String] { troubles.map { "\($0.part.rawValue): \($0.sentence)" } }
}
