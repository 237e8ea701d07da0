/// Ways to break the daemon on purpose, to show that a simulation sees it. Only the simulated driver knows them.
package enum Sabotage: String, CaseIterable, Sendable {
    /// Gateways are told when their lines were worked off, and not when they are durable.
    case ackBeforeCommit
    /// Subscribers are told of a commit that is still to be made durable.
    case announceBeforeDurable
    /// Now and then a block of a commit is lost on the disk.
    case dropBlock
    /// Now and then a commit is written without the state of the users that it touched.
    case skipJournal
    /// Now and then a subscriber's cursor is answered but not written.
    case forgetCursor
    /// A snapshot leaves out the pairs that left while it was being read.
    case dropClosedPairs
    /// What a failed append has written so far stays.
    case keepFailedAppend
}
