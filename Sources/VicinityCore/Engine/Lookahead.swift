// What subjects' fixes will need, asked for before it is needed.
//
// A step of a subject reads a few dozen lines of memory that nobody has read for a second: its records, the cells of users round it, the
// records of those it concerns, their lists. Waiting for one after the other would cost more than all that is done with them. So while
// one fix is applied the users of the next are collected already, and the cells of the one after it asked for.

import CPrimitives

/// Whom a coming fix of a subject may concern.
///
/// It is still true after another subject's fix, which moves no user: who is not concerned from where they are stays so, though
/// meanwhile their anchor may have come to where they are, and their slack may be less.
struct Lookahead {
    /// The subject's slot; `nil` if there is nothing.
    var slot: UInt32?
    var search = GridSearch()
    var users: [UInt32] = []
}

/// What is known of the present fix and of those after it.
struct Lookaheads {
    var present = Lookahead()
    var next = Lookahead()
    var second = Lookahead()
    var third = Lookahead()

    /// One fix on: what was third is second, and there is no third.
    mutating func advance() {
        swap(&present, &next)
        swap(&next, &second)
        swap(&second, &third)
        third.slot = nil
    }
}

extension Engine {
    /// Brings the records of subjects near of whom fixes are to come, and then what these lead to.
    func prefetchSubjects(_ fixes: UnsafeBufferPointer<Fix>, _ range: Range<Int>) {
        func find(_ body: (UnsafeMutablePointer<SubjectRecord>) -> Void) {
            for index in range where fixes[index].kind == .subject {
                if let slot = probableSubject(fixes[index]) { body(subjects[slot]) }
            }
        }
        func motion(_ subject: UnsafeMutablePointer<SubjectRecord>) -> UnsafeMutablePointer<MotionRecord>? {
            subject.pointee.motion == SubjectRecord.noMotion ? nil : motions[subject.pointee.motion]
        }
        find { subject in
            vicinity_prefetch(subject)
            vicinity_prefetch(UnsafeRawPointer(subject) + 63)
        }
        find { subject in
            grid.prefetchDirectory(subject.pointee.position)
            guard let motion = motion(subject) else { return }
            vicinity_prefetch(motion)
            vicinity_prefetch(UnsafeRawPointer(motion) + 64)
        }
        find { subject in
            grid.prefetchPlace(subject.pointee.position)
            motion(subject)?.pointee.bystanders.prefetch()
        }
    }

    /// The subject of a fix, most likely: only hashes are compared.
    private func probableSubject(_ fix: Fix) -> UInt32? { subjectIndex.find(fix.hash) { _ in true } }

    /// Prepares for the fixes after the one at `index`, which is about to be applied.
    ///
    /// - Parameter isFirst: nothing is known yet of any of them.
    mutating func lookAhead(_ fixes: UnsafeBufferPointer<Fix>, from index: Int, to end: Int, isFirst: Bool) {
        lookaheads.advance()
        if isFirst {
            lookaheads.present.slot = nil
            lookaheads.next.slot = nil
            lookaheads.second.slot = nil
        }
        if index + 3 < end, let (slot, step) = probableStep(fixes[index + 3]) {
            lookaheads.third.slot = slot
            userGrid.begin(&lookaheads.third.search, step, metrics)
        }
        if lookaheads.second.slot != nil { userGrid.narrow(&lookaheads.second.search) }
        guard lookaheads.next.slot != nil else { return }
        lookaheads.next.users.removeAll(keepingCapacity: true)
        userGrid.finish(&lookaheads.next.search, metrics: metrics, to: &lookaheads.next.users)
        for user in lookaheads.next.users { prefetchUser(user) }
    }

    /// The step that a fix will make, if it is one.
    private func probableStep(_ fix: Fix) -> (slot: UInt32, step: GridStep)? {
        guard fix.kind == .subject, let slot = probableSubject(fix), isWhereItsFixTookIt(slot), subjects[slot].pointee.isActive else {
            return nil
        }
        let new = blurred(Coordinate(latitude: fix.latitude, longitude: fix.longitude), as: subjects[slot])
        return shortStep(from: subjects[slot].pointee.position, to: new).map { (slot, $0) }
    }

    @inline(__always)
    func prefetchUser(_ slot: UInt32) {
        vicinity_prefetch(users[slot])
        vicinity_prefetch(UnsafeRawPointer(users[slot]) + 64)
    }
}
