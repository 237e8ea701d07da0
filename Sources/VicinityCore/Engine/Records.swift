/// What is known of a user, in one place, so that a fix touches one record of 96 bytes.
struct UserRecord {
    /// The last accepted fix, in units of 1e-7 degree.
    var latitude: Int32 = 0
    var longitude: Int32 = 0
    /// Its `ts`.
    var time: Int64 = 0
    /// The radius the user was last evaluated with, in metres.
    var radius: Double = 0
    /// The accuracy the last accepted fix was taken with, in metres.
    var accuracy: Double = 0
    /// Where the pairs were last evaluated as a whole; the last fix lies within ``slack`` of it.
    var anchorLatitude: Int32 = 0
    var anchorLongitude: Int32 = 0
    /// Metres around the anchor within which no subject crosses the edge; 0 for none.
    var slack: Float = 0
    /// The pairs that are inside, with what a leave must say of the enter.
    var pairs = SmallList<OpenPair>()
    /// The subjects for which near and inside are not the same.
    var exceptions = SmallList<Exception>()
    /// Where the user stands in the ``UserGrid``.
    var cell: UInt32 = 0
    var place: UInt32 = 0
    var id = ShortID.empty
    /// The radius is the user's own and not the default.
    var hasOwnRadius = false
    /// Some exception is near and outside.
    var isNearOutside = false
    /// A journal holds the user's id.
    var isJournaled = false
    /// The user's state is part of the next journal.
    var isTouched = false

    var position: Coordinate { Coordinate(latitude: latitude, longitude: longitude) }
    var anchor: Coordinate { Coordinate(latitude: anchorLatitude, longitude: anchorLongitude) }
    var isUsed: Bool { id.length > 0 }
}

/// What the engine needs of a subject; the rest of the entry is the register's.
struct SubjectRecord {
    /// Where it is, in units of 1e-7 degree.
    var latitude: Int32 = 0
    var longitude: Int32 = 0
    /// Where it was last put.
    var putLatitude: Int32 = 0
    var putLongitude: Int32 = 0
    /// The `ts` of its last fix; −1 if it has none.
    var time: Int64 = -1
    /// An index into the engine's kinds; ``noKind`` for none.
    var kind: UInt32 = SubjectRecord.noKind
    var id = ShortID.empty
    /// Its fixes have moved it since it was last put elsewhere.
    var isMoving = false
    /// Its motion is part of the next journal.
    var isTouched = false

    static let noKind = UInt32.max

    var position: Coordinate { Coordinate(latitude: latitude, longitude: longitude) }
    var putPosition: Coordinate { Coordinate(latitude: putLatitude, longitude: putLongitude) }
    var isUsed: Bool { id.length > 0 }
}
