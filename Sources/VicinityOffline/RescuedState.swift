// Users and moving subjects out of pages and journals of which some may be missing.
//
// A slot's state is a page and all journals after it. Where journals are missing, a slot is known only if its page was written after
// them, or if its user came after them: everybody else may have moved, met subjects or signed off in between, and is given up. Where the
// *newest* journals are missing, nothing follows that could be wrong: then the state is that of the last journal that is there.

internal import VicinityCore

struct RescuedState {
    struct Slot {
        /// `nil` if the id is not known: the page that would hold it is missing.
        var user: StoredUser?
        /// Belong to the slot: a journal tells of them before it says who has the slot.
        var pairs: [StoredPair] = []
        /// Likewise.
        var limits = UserLimits()
        /// The commit of the page that holds the slot; 0 if it comes from journals alone.
        var page: Int64 = 0
    }

    private(set) var slots: [UInt32: Slot] = [:]
    private(set) var motions: [UInt32: (motion: StoredMotion, page: Int64)] = [:]
    /// The last commit whose journal was taken, or of a page if there was none.
    private(set) var commit: Int64 = 0
    /// Users who were given up, and the ids of some.
    private(set) var lost = LostIDs()
    /// Moving subjects whose motion is not known any more.
    private(set) var lostMotions = 0
    private var pageCommits: [Int: Int64] = [:]
    private(set) var lastJournal: Int64?
    /// Whether something was missing since the last journal, or page.
    private(set) var isBroken = false

    /// Takes a page of the store.
    ///
    /// - Returns: whether it is one; if not, it counts as missing.
    mutating func page(name: Int, _ bytes: [UInt8]) -> Bool {
        guard let page = StoredPage(name: name, bytes: bytes) else {
            missing()
            return false
        }
        pageCommits[name] = page.commit
        commit = max(commit, page.commit)
        switch page.contents {
        case .users(let users):
            for (slot, var user) in users {
                let pairs = user.pairs
                let limits = user.limits
                user.pairs = []
                user.limits = UserLimits()
                slots[slot] = Slot(user: user, pairs: pairs, limits: limits, page: page.commit)
            }
        case .motions(let moved): for (slot, motion) in moved { motions[slot] = (motion, page.commit) }
        }
        // A page that is missing says nothing of journals.
        isBroken = false
        return true
    }

    /// Takes the journal of a commit; they come in ascending order. An empty one changed nothing.
    ///
    /// - Returns: whether it is one; if not, it counts as missing.
    mutating func journal(commit number: Int64, _ bytes: [UInt8]) -> Bool {
        let journal = StoredJournal(bytes: bytes)
        guard journal != nil || bytes.isEmpty else {
            missing()
            return false
        }
        if isBroken || lastJournal.map({ $0 + 1 != number }) ?? false { giveUp(before: number) }
        isBroken = false
        lastJournal = number
        commit = max(commit, number)
        if let journal { apply(journal, number) }
        return true
    }

    /// Notes that a page or a journal that is due cannot be read.
    mutating func missing() { isBroken = true }

    /// Gives up every user whom a test says nothing good of.
    ///
    /// - Returns: how many.
    mutating func giveUp(_ condition: (StoredUser) -> Bool) -> Int {
        let gone = slots.filter { $0.value.user.map(condition) ?? false }.keys
        for slot in gone { slots[slot] = nil }
        return gone.count
    }

    /// Of two slots with the same user, which may be where they are of different commits, gives the older one up.
    mutating func dropTwins() {
        var holders: [[UInt8]: UInt32] = [:]
        for (slot, state) in slots {
            guard let id = state.user?.id, let twin = holders.updateValue(slot, forKey: id) else { continue }
            guard let other = slots[twin] else { continue }
            let isOlder = (state.page, state.user?.time ?? 0) < (other.page, other.user?.time ?? 0)
            slots[isOlder ? slot : twin] = nil
            if isOlder { holders[id] = twin }
        }
    }

    /// Puts a slot's pairs.
    mutating func setPairs(_ pairs: [StoredPair], of slot: UInt32) { slots[slot]?.pairs = pairs }

    /// Forgets the slots whose user's name nobody knows, and counts them as lost.
    mutating func dropNameless() {
        for (slot, state) in slots where state.user == nil {
            slots[slot] = nil
            lost.addNameless()
        }
    }

    /// Forgets motions that were not written by a commit or after it: another subject may have the slot by now.
    mutating func dropMotions(before number: Int64) {
        lostMotions += motions.values.count { $0.page < number && $0.motion.isMoving }
        motions = motions.filter { $0.value.page >= number }
    }

    // MARK: - Journals

    /// What cannot be known since the journals right before this one are missing.
    private mutating func giveUp(before number: Int64) {
        for (slot, state) in slots where state.page < number - 1 {
            if let id = state.user?.id { lost.add(id) } else { lost.addNameless() }
            slots[slot] = nil
        }
        dropMotions(before: number - 1)
    }

    private mutating func apply(_ journal: StoredJournal, _ number: Int64) {
        for operation in journal.operations {
            switch operation {
            case .opened(let slot, let pair):
                if isNews(slot, number) { slots[slot, default: Slot()].pairs.append(pair) }
            case .closed(let slot, let subject):
                // One that is not there was opened by what is missing.
                if isNews(slot, number) { slots[slot]?.pairs.removeAll { $0.subject == subject } }
            }
        }
        for (slot, change) in journal.limits where isNews(slot, number) {
            if change != .gone { slots[slot, default: Slot()].limits.apply(change) } else { slots[slot]?.limits.apply(change) }
        }
        for (slot, user) in journal.users where isNews(slot, number) {
            guard var user else {
                slots[slot] = nil
                continue
            }
            user.id = user.id ?? slots[slot]?.user?.id
            slots[slot, default: Slot()].user = user.id == nil ? nil : user
        }
        for (slot, motion) in journal.motions where number > pageCommits[StoredPage.name(holding: slot, isMotion: true)] ?? 0 {
            motions[slot] = (motion, number)
        }
    }

    private func isNews(_ slot: UInt32, _ number: Int64) -> Bool {
        number > pageCommits[StoredPage.name(holding: slot, isMotion: false)] ?? 0
    }
}

/// Those who were lost: how many, and the ids of the first.
struct LostIDs: Sendable, Equatable {
    static let kept = 1000

    private(set) var ids: [[UInt8]] = []
    private(set) var count = 0

    mutating func add(_ id: [UInt8]) {
        count += 1
        if ids.count < Self.kept { ids.append(id) }
    }

    /// One whose id is not known.
    mutating func addNameless() { count += 1 }
}
