// Who may be told of a moving subject's next step although it crosses nobody's edge: the users to whom the pair is an exception.
//
// Most of these are inside in the margin, and stay so for many steps. So a subject that moves keeps of each where the user is and
// between which distances nothing changes; a step goes through this list, a few lines of memory, and asks only those it takes
// beyond. Each fix of a user renews what is kept of them: an exception knows its place in the list.

/// A user to whom the pair with a moving subject is an exception.
struct Bystander {
    /// The user's slot; ``nobody`` if the place is free.
    fileprivate(set) var user: UInt32
    /// Of the user's last fix, in units of 1e-7 degree; of a free place, ``latitude`` is the next free one.
    fileprivate var latitude: Int32
    private var longitude: Int32
    /// Metres: at a distance between the two the pair stays what it is.
    private var lower: Float
    private var upper: Float

    static var nobody: UInt32 { .max }

    @inline(__always)
    init(_ user: UInt32, _ halo: Halo, _ state: PairState) {
        self.user = user
        latitude = halo.disc.viewpoint.center.latitude
        longitude = halo.disc.viewpoint.center.longitude
        let radius = Float(halo.disc.radius)
        switch state {
        case .inside:
            lower = radius.nextUp
            upper = Float(halo.reach.meters).nextDown
        case .outside:
            lower = -1
            // Who could enter is kept outside by something else, which may be over: a pair that must be asked.
            upper = halo.mayEnter ? 0 : radius.nextDown
        }
    }

    fileprivate mutating func vacate(next: UInt32) {
        user = Self.nobody
        latitude = Int32(bitPattern: next)
    }

    /// Whether the pair stays what it is with the subject at `center`; if not, or in doubt, it must be asked.
    @inline(__always)
    fileprivate func staysAs(seenFrom center: Coordinate, _ metric: LocalMetric) -> Bool {
        let upper = Double(self.upper)
        let doubt = metric.errorBound(within: upper) + 0.01
        let squared = metric.squaredDistance(
            Double(Int64(latitude) - Int64(center.latitude)),
            Double(Coordinate.longitudeDifference(from: center.longitude, to: longitude)))
        let (least, greatest) = (Double(lower) + doubt, upper - doubt)
        return greatest > 0 && squared < greatest * greatest && (lower < 0 || squared > least * least)
    }
}

/// The bystanders of one subject, in places that stay the same.
///
/// A plain value; whoever owns the record that holds it calls ``free(in:)``.
struct Bystanders {
    private var list = SmallList<Bystander>()
    private var firstFree = Bystander.nobody
    private var used: UInt32 = 0

    /// Notes a user, or notes them anew.
    ///
    /// - Parameter place: where the user was noted, perhaps; is believed only if the user stands there.
    /// - Returns: where the user is noted.
    /// - Complexity: O(1).
    mutating func keep(_ bystander: Bystander, at place: UInt32, in lists: borrowing BlockHeap) -> UInt32 {
        if holds(bystander.user, at: place) {
            list.elements[Int(place)] = bystander
            return place
        }
        used += 1
        let free = firstFree
        guard free != Bystander.nobody else {
            list.append(bystander, in: lists)
            return UInt32(list.count - 1)
        }
        firstFree = UInt32(bitPattern: list.elements[Int(free)].latitude)
        list.elements[Int(free)] = bystander
        return free
    }

    /// Forgets a user who stands at `place`, if anywhere.
    ///
    /// - Complexity: O(1).
    mutating func remove(_ user: UInt32, at place: UInt32, in lists: borrowing BlockHeap) {
        guard holds(user, at: place) else { return }
        used -= 1
        if used == 0 {
            free(in: lists)
            return
        }
        list.elements[Int(place)].vacate(next: firstFree)
        firstFree = place
    }

    private func holds(_ user: UInt32, at place: UInt32) -> Bool {
        place != Bystander.nobody && Int(place) < list.count && list.elements[Int(place)].user == user
    }

    /// Appends the users who must be asked, now that the subject has come to `center`.
    ///
    /// - Complexity: O(bystanders), some nanoseconds for each.
    func appendUsers(concernedAt center: Coordinate, _ metric: LocalMetric, to slots: inout [UInt32]) {
        for bystander in list.elements where bystander.user != Bystander.nobody {
            if !bystander.staysAs(seenFrom: center, metric) { slots.append(bystander.user) }
        }
    }

    /// The users, in no order.
    var users: [UInt32] { list.elements.map(\.user).filter { $0 != Bystander.nobody } }

    /// Asks for the list, which lies elsewhere.
    func prefetch() { list.prefetch() }

    /// Gives back what does not go with the heap, when both are about to vanish.
    func abandon() { list.abandon() }

    mutating func free(in lists: borrowing BlockHeap) {
        list.free(in: lists)
        self = Bystanders()
    }
}

extension Engine {
    /// Notes with a subject that its pair with a user is an exception, if the subject is one that moves.
    ///
    /// - Parameter place: of the exception so far.
    /// - Returns: the place that the exception keeps.
    @inline(__always)
    func keepBystander(_ user: UInt32, _ halo: Halo, _ state: PairState, of subject: UInt32, at place: UInt32) -> UInt32 {
        let motion = subjects[subject].pointee.motion
        guard motion != SubjectRecord.noMotion else { return Bystander.nobody }
        return motions[motion].pointee.bystanders.keep(Bystander(user, halo, state), at: place, in: lists)
    }

    /// Notes with a subject that its pair with a user is no exception any more.
    @inline(__always)
    func removeBystander(_ user: UInt32, of subject: UInt32, at place: UInt32) {
        guard place != Bystander.nobody, subjects[subject].pointee.motion != SubjectRecord.noMotion else { return }
        motions[subjects[subject].pointee.motion].pointee.bystanders.remove(user, at: place, in: lists)
    }

    /// Gives up all exceptions of a user.
    func freeExceptions(_ slot: UInt32) {
        for exception in users[slot].pointee.exceptions.elements { removeBystander(slot, of: exception.subject, at: exception.place) }
        users[slot].pointee.exceptions.free(in: lists)
    }
}
