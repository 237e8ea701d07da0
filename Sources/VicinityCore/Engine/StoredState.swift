// Journals and pages as plain values, for tools that must look at a stored state piece by piece because it may not be whole:
// ``Restoration`` takes all of it or nothing. The format is described at the top of `Journal.swift`.

/// An open pair as it is stored with its user.
package struct StoredPair: Sendable, Equatable {
    /// The subject's slot.
    package var subject: UInt32
    /// The seq of the enter.
    package var encounter: Int64
    /// The `ts` of the enter, in Unix milliseconds.
    package var since: Int64
    package var cause: Cause

    package init(subject: UInt32, encounter: Int64, since: Int64, cause: Cause) {
        self.subject = subject
        self.encounter = encounter
        self.since = since
        self.cause = cause
    }
}

/// A user as stored.
package struct StoredUser: Sendable, Equatable {
    /// UTF-8; `nil` in a journal where an earlier one, or a page, holds it.
    package var id: [UInt8]?
    package var hasOwnRadius: Bool
    /// Whether the user may be near a subject and outside of it all the same. Saying so of one who is not is harmless.
    package var isNearOutside: Bool
    package var position: Coordinate
    /// Unix milliseconds.
    package var time: Int64
    /// Metres.
    package var radius: Double
    /// Metres.
    package var accuracy: Double
    /// All that are open; in a journal none, since it tells of pairs apart.
    package var pairs: [StoredPair]
    /// When the silence of a user without a position was noticed, in Unix milliseconds; `nil` if there is a position.
    package var silentSince: Int64?
    package var notes = UserNotes()
    /// Of a page; a journal tells of changes.
    package var limits = UserLimits()

    package init(
        id: [UInt8]?, hasOwnRadius: Bool, isNearOutside: Bool, position: Coordinate, time: Int64, radius: Double, accuracy: Double,
        pairs: [StoredPair] = []
    ) {
        self.id = id
        self.hasOwnRadius = hasOwnRadius
        self.isNearOutside = isNearOutside
        self.position = position
        self.time = time
        self.radius = radius
        self.accuracy = accuracy
        self.pairs = pairs
    }
}

/// What a subject's own fixes and its validity made of it.
package struct StoredMotion: Sendable, Equatable {
    /// Raw ``SubjectFlags``, of those that are stored.
    package var flags: UInt8
    package var position: Coordinate
    /// The `ts` of the last fix, in Unix milliseconds; −1 if there is none.
    package var time: Int64
    /// Metres; of a moving subject.
    package var accuracy: Double
    /// The `ts` at which a moving subject was last heard of.
    package var heard: Int64
    package var held: HeldFix?

    package init(
        flags: UInt8, position: Coordinate, time: Int64, accuracy: Double = 0, heard: Int64 = -1, held: HeldFix? = nil
    ) {
        self.flags = flags
        self.position = position
        self.time = time
        self.accuracy = accuracy
        self.heard = heard
        self.held = held
    }

    package var isMoving: Bool { SubjectFlags(rawValue: flags).contains(.moving) }
}

/// What a commit changed in the engine's state.
package struct StoredJournal: Sendable, Equatable {
    package enum Operation: Sendable, Equatable {
        case opened(user: UInt32, StoredPair)
        case closed(user: UInt32, subject: UInt32)
    }

    /// The seq of the last event.
    package var head: Int64
    /// In the order in which they happened; before the users' states.
    package var operations: [Operation] = []
    /// By slot; `nil` is a slot that became free.
    package var users: [(slot: UInt32, user: StoredUser?)] = []
    package var motions: [(slot: UInt32, motion: StoredMotion)] = []
    /// In the order in which they happened; a user's slot may have been another's before.
    package var limits: [(user: UInt32, change: LimitChange)] = []

    /// A journal that says nothing but where the log ends.
    package init(head: Int64) { self.head = head }

    /// - Returns: `nil` if the bytes are no journal of a version that this program knows.
    package init?(bytes: [UInt8]) {
        self.init(head: 0)
        guard bytes.withUnsafeBytes({ raw in read(RawReader(raw)) }) else { return nil }
    }

    private mutating func read(_ start: RawReader) -> Bool {
        var reader = start
        guard let version = reader.byte(), (1...Engine.journalVersion).contains(version), let seq = reader.count(),
            let operationCount = reader.count()
        else { return false }
        head = Int64(seq)
        var lastOpened: (seq: Int64, time: Int64) = (0, 0)
        for _ in 0..<operationCount {
            guard let name = reader.count(), name >> 1 < 0x7fff_ffff else { return false }
            let user = UInt32(name >> 1)
            if name & 1 == 1 {
                guard let pair = reader.openedPair(version: version, after: &lastOpened) else { return false }
                operations.append(.opened(user: user, StoredPair(pair)))
            } else {
                guard let subject = reader.slot() else { return false }
                operations.append(.closed(user: user, subject: subject))
            }
        }
        guard version < 5 || readBrief(&reader, version), let userCount = reader.count() else { return false }
        for _ in 0..<userCount {
            var hasLimits = false
            guard let slot = reader.slot(), let user = reader.storedUser(hasLimits: &hasLimits), !hasLimits else { return false }
            users.append((slot, user))
        }
        guard let motionCount = reader.count() else { return false }
        for _ in 0..<motionCount {
            guard let slot = reader.slot(), let motion = reader.storedMotion(version: version) else { return false }
            motions.append((slot, motion))
        }
        guard version >= 4 else { return reader.isAtEnd }
        guard let limitCount = reader.count() else { return false }
        for _ in 0..<limitCount {
            guard let user = reader.slot(), let change = reader.limitChange() else { return false }
            limits.append((user, change))
        }
        return reader.isAtEnd
    }

    private mutating func readBrief(_ reader: inout RawReader, _ version: UInt8) -> Bool {
        guard var all = BriefReader(&reader, version: version) else { return false }
        for _ in 0..<all.count {
            guard let brief = all.next(&reader) else { return false }
            let user = StoredUser(
                id: nil, hasOwnRadius: brief.hasOwnRadius, isNearOutside: brief.isNearOutside, position: brief.position,
                time: brief.time(all.reference), radius: all.reference.radius, accuracy: brief.accuracy)
            users.append((brief.slot, user))
        }
        return true
    }

    package static func == (one: StoredJournal, other: StoredJournal) -> Bool {
        one.head == other.head && one.operations == other.operations && one.users.elementsEqual(other.users) { $0 == $1 }
            && one.motions.elementsEqual(other.motions) { $0 == $1 } && one.limits.elementsEqual(other.limits) { $0 == $1 }
    }

    /// The bytes of a journal that says nothing but where the log ends.
    package static func nothing(head: Int64) -> [UInt8] {
        var bytes = [Engine.journalVersion]
        bytes.appendVarint(UInt64(head))
        // No operations; the two references and no brief users; no other users, subjects and changes of limits.
        bytes.append(contentsOf: [0] + [0, 0, 0, 0, 0, 0] + [0, 0, 0])
        return bytes
    }
}

/// The whole state of a range of slots as of a commit.
package struct StoredPage: Sendable {
    package static var slots: Int { Engine.pageSize }

    package enum Contents: Sendable {
        case users([(slot: UInt32, user: StoredUser)])
        case motions([(slot: UInt32, motion: StoredMotion)])
    }

    /// The commit as of which it was written.
    package var commit: Int64
    package var contents: Contents

    /// - Parameter name: even for users, odd for subjects; which slots are in the page.
    /// - Returns: `nil` if the bytes are not this page in a version that this program knows.
    package init?(name: Int, bytes: [UInt8]) {
        guard let page = bytes.withUnsafeBytes({ raw in Self.read(name, RawReader(raw)) }) else { return nil }
        self = page
    }

    package init(commit: Int64, contents: Contents) {
        self.commit = commit
        self.contents = contents
    }

    private static func read(_ name: Int, _ start: RawReader) -> StoredPage? {
        var reader = start
        guard let version = reader.byte(), (1...Engine.pageVersion).contains(version), let type = reader.byte(),
            let commit = reader.count(), let count = reader.count(), name >= 0, type == UInt8(name & 1),
            name >> 1 < 0x7fff_ffff / Engine.pageSize, count <= Engine.pageSize
        else { return nil }
        let first = UInt32(name >> 1) * UInt32(Engine.pageSize)
        var users: [(slot: UInt32, user: StoredUser)] = []
        var motions: [(slot: UInt32, motion: StoredMotion)] = []
        for _ in 0..<count {
            guard let offset = reader.count(), offset < Engine.pageSize else { return nil }
            let slot = first + UInt32(offset)
            if type == 1 {
                guard let motion = reader.storedMotion(version: version) else { return nil }
                motions.append((slot, motion))
                continue
            }
            var hasLimits = false
            guard case .some(.some(var user)) = reader.storedUser(hasLimits: &hasLimits), user.id != nil, let pairs = reader.count() else {
                return nil
            }
            for _ in 0..<pairs {
                guard let pair = reader.openPair(version: version) else { return nil }
                user.pairs.append(StoredPair(pair))
            }
            if hasLimits {
                guard let limits = reader.userLimits() else { return nil }
                user.limits = limits
            }
            users.append((slot, user))
        }
        guard reader.isAtEnd else { return nil }
        return StoredPage(commit: Int64(commit), contents: type == 0 ? .users(users) : .motions(motions))
    }

    /// The page's bytes; every user in it has an id.
    package var bytes: [UInt8] {
        var bytes = [Engine.pageVersion]
        switch contents {
        case .users(let users):
            bytes.append(0)
            bytes.appendVarint(UInt64(commit))
            bytes.appendVarint(UInt64(users.count))
            for (slot, user) in users {
                bytes.appendVarint(UInt64(slot) % UInt64(Engine.pageSize))
                bytes.append(user)
            }
        case .motions(let motions):
            bytes.append(1)
            bytes.appendVarint(UInt64(commit))
            bytes.appendVarint(UInt64(motions.count))
            for (slot, motion) in motions {
                bytes.appendVarint(UInt64(slot) % UInt64(Engine.pageSize))
                bytes.append(motion)
            }
        }
        return bytes
    }

    /// The name under which the page of a slot is stored.
    package static func name(holding slot: UInt32, isMotion: Bool) -> Int { Int(slot) / Engine.pageSize * 2 + (isMotion ? 1 : 0) }
}

extension StoredPair {
    fileprivate init(_ pair: OpenPair) {
        self.init(subject: pair.subject, encounter: pair.encounter, since: pair.since, cause: pair.cause)
    }
}
