// Users who are to be forgotten, and how far that has come.
//
// A commit *begins* an erasure: from then on no state names the user, and whoever knows of the erasure finishes it, in this process or in one
// after it. What is left is taken away in small steps between commits: from the blocks, whose events lose the user; with the journals that
// older state stands in, as soon as pages of a later commit make them superfluous; and then from the bytes of the file, since what SQLite
// calls deleted may still lie in its WAL, and between the cells of its pages. A commit *ends* the erasure, and tells of it.
//
// All that have been begun when a round begins are done in that round; those which come later wait for the next.

package import VicinityCore

/// A user who is to be taken out of everything that is kept; or nobody in particular, if only old state is to go.
package struct Erasure: Sendable, Equatable {
    /// Given by who begins it, never twice, and ascending.
    package var number: Int64
    /// UTF-8, 1 to 128 bytes; `nil` once no row names the user, and of one that is nobody's.
    package var user: [UInt8]?
    /// What the audit log is to say of it: a keyed hash of the id, and who asked for it. `nil` of one that is nobody's.
    package var request: Request?
    /// The seq of the last event that may name the user; an event after it is of somebody who has the id anew.
    package var through: Int64
    /// The commit that began it: only journals and pages of commits before it may name the user.
    package var commit: Int64
    /// In how many events the user has become null.
    package var events: Int64

    package struct Request: Sendable, Equatable {
        package var user: UInt64
        package var peer: AuditEntry.Peer

        package init(user: UInt64, peer: AuditEntry.Peer) {
            self.user = user
            self.peer = peer
        }
    }

    package init(number: Int64, user: [UInt8]? = nil, request: Request? = nil, through: Int64 = 0, commit: Int64, events: Int64 = 0) {
        self.number = number
        self.user = user
        self.request = request
        self.through = through
        self.commit = commit
        self.events = events
    }
}

/// A step in the life of an erasure that goes with a commit.
package enum ErasureChange: Sendable, Equatable {
    case begin(Erasure)
    /// Nothing happens if there is none of this number.
    case end(number: Int64)
}

/// What a step of the erasures came to.
package enum ErasureStep: Sendable, Equatable {
    /// Nothing is to be done, until a commit begins an erasure or ends one.
    case idle
    /// There is more to do at once.
    case more
    /// No block names these users any more; what is kept of blocks in memory may.
    case rewritten([ForgottenUser])
    /// Pages of a later commit must come first, so that journals can go.
    case waitsForState
    /// Somebody reads an older state, which the WAL must keep meanwhile, or another program has locked the file.
    case waitsForReaders
    /// Of these nothing is left. They are told once; a commit is to end them.
    case done([Erasure])
}
