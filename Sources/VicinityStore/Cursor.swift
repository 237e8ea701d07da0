// What is kept of a named subscriber.

/// How far a named subscriber has come.
package struct Cursor: Sendable, Equatable {
    /// UTF-8, 1 to 128 bytes.
    package var name: [UInt8]
    /// Everything up to this seq counts as delivered.
    package var acked: Int64
    /// When the cursor was last moved, in Unix milliseconds.
    package var wallTime: Int64

    package init(name: [UInt8], acked: Int64, wallTime: Int64) {
        self.name = name
        self.acked = acked
        self.wallTime = wallTime
    }
}

/// A step in the life of a cursor.
package enum CursorChange: Sendable, Equatable {
    /// A new cursor, or a new place of one that there is.
    case set(Cursor)
    /// Nothing happens if there is none of this name.
    case remove(name: [UInt8])
}
