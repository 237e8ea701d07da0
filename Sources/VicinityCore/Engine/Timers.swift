// When something is to happen by itself.
//
// `DueHeap` keeps few things in order; `TimerRing` keeps many things that are mostly far away, for O(1) each: coarse buckets of a second,
// whose contents come into a heap when their second begins. Users and moving subjects, all of which may fall silent one day, stand in
// the ring once each, by slot alone: when their second begins, it is seen when they were last heard of, and
// they move on. So a fix pays nothing for its sender's timer but the note of its arrival.

/// Things by when they are due: a binary heap.
///
/// - Complexity: O(log n) for insert and removal of the first.
struct DueHeap<Element: Comparable> {
    private(set) var elements: [Element] = []

    var first: Element? { elements.first }
    var isEmpty: Bool { elements.isEmpty }
    var count: Int { elements.count }

    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child] < elements[parent] else { break }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() -> Element? {
        guard let first = elements.first else { return nil }
        let last = elements.removeLast()
        guard !elements.isEmpty else {
            elements.removeAllForReuse()
            return first
        }
        elements[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < elements.count && elements[child] < elements[least] {
                least = child
            }
            guard least != parent else { return first }
            elements.swapAt(least, parent)
            parent = least
        }
    }
}

/// Something that happens at a time.
struct Alarm: Comparable {
    /// Whose timer it is.
    enum Kind: UInt8, Comparable {
        /// A user may have fallen silent, or have been silent for long enough to be forgotten.
        case user
        /// A dwell or cooldown of a user.
        case wait
        /// A moving subject may have fallen silent.
        case subject
        /// A silent user may be forgotten.
        case forget

        static func < (one: Kind, other: Kind) -> Bool { one.rawValue < other.rawValue }
    }

    /// Milliseconds of the clock it was set on.
    var due: Int64
    var kind: Kind
    /// Of the user or the subject.
    var slot: UInt32

    static func < (one: Alarm, other: Alarm) -> Bool { (one.due, one.kind, one.slot) < (other.due, other.kind, other.slot) }
}

/// Alarms on the steady clock; see the top of the file.
struct TimerRing {
    private static var bucketShift: Int64 { 10 }
    private static var bucketCount: Int { 4096 }

    private var near = DueHeap<Alarm>()
    /// Users and subjects whose second has begun, by slot.
    private var begunUsers: [UInt32] = []
    private var begunSubjects: [UInt32] = []
    private var waits = [[Alarm]](repeating: [], count: TimerRing.bucketCount)
    private var users = [[UInt32]](repeating: [], count: TimerRing.bucketCount)
    private var subjects = [[UInt32]](repeating: [], count: TimerRing.bucketCount)
    /// The bucket that has begun last.
    private var current: Int64?
    /// Alarms in buckets that have not begun.
    private var far = 0

    /// Tells the ring what time it is, if it does not know.
    @inline(__always)
    mutating func start(at now: Int64) { if current == nil { current = now >> Self.bucketShift } }

    /// Sets an alarm.
    ///
    /// - Complexity: O(1); O(log n) in those that are due in the same second if it has begun.
    mutating func insert(_ alarm: Alarm) {
        guard let present = current else { preconditionFailure("a ring is started before an alarm is set") }
        let bucket = alarm.due >> Self.bucketShift
        guard bucket > present else {
            near.insert(alarm)
            return
        }
        far += 1
        // What is farther away than the ring is long is looked at again when the ring has come round.
        let place = Int(min(bucket, present + Int64(Self.bucketCount) - 1) & Int64(Self.bucketCount - 1))
        switch alarm.kind {
        case .wait, .forget: waits[place].append(alarm)
        case .user: users[place].append(alarm.slot)
        case .subject: subjects[place].append(alarm.slot)
        }
    }

    /// The next alarm that is due, or that must be looked at since its second has begun: who takes it sees whether it is due, and sets it anew if not.
    ///
    /// - Parameter now: the steady clock.
    mutating func next(now: Int64) -> Alarm? {
        while true {
            if let slot = begunSubjects.popLast() { return Alarm(due: .min, kind: .subject, slot: slot) }
            if let slot = begunUsers.popLast() { return Alarm(due: .min, kind: .user, slot: slot) }
            if let first = near.first, first.due <= now { return near.removeFirst() }
            guard far > 0, let present = current, present < now >> Self.bucketShift else { break }
            begin(present + 1)
        }
        current = max(current ?? 0, now >> Self.bucketShift)
        return nil
    }

    private mutating func begin(_ bucket: Int64) {
        current = bucket
        let place = Int(bucket & Int64(Self.bucketCount - 1))
        let alarms = waits[place]
        waits[place] = []
        far -= alarms.count
        for alarm in alarms { insert(alarm) }
        far -= users[place].count + subjects[place].count
        // Nothing has begun that is not taken: the lists themselves change hands.
        begunUsers = users[place]
        begunSubjects = subjects[place]
        users[place] = []
        subjects[place] = []
    }

    /// Whether ``next(now:)`` has something.
    func isDue(_ now: Int64) -> Bool { !begunUsers.isEmpty || !begunSubjects.isEmpty || near.first.map { $0.due <= now } ?? false }

    /// Takes all users and subjects out; what pairs wait for stays.
    mutating func removeSilence() {
        for place in 0..<Self.bucketCount {
            let kept = waits[place].filter { $0.kind == .wait }
            far -= waits[place].count - kept.count
            waits[place] = kept
            far -= users[place].count + subjects[place].count
            users[place] = []
            subjects[place] = []
        }
        begunUsers = []
        begunSubjects = []
        let old = near
        near = DueHeap()
        for alarm in old.elements where alarm.kind == .wait { near.insert(alarm) }
    }

    /// When ``next(now:)`` must be asked again, on the steady clock; `nil` if there is no alarm.
    var wake: Int64? {
        let second = far > 0 ? current.map { ($0 + 1) << Self.bucketShift } : nil
        guard let first = near.first?.due else { return second }
        return second.map { min($0, first) } ?? first
    }
}
