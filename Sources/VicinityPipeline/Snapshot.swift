package import VicinityCore

/// What `status` says of the state: numbers as of the last durable commit.
package struct Snapshot: Sendable {
    package var users = 0
    package var subjects = 0
    package var pairs = 0
    package var head: Int64 = 0
    package var tally = Tally()
    /// Lines that were answered with an error, since the start.
    package var rejected = RejectionTally()
    /// By name.
    package var subscribers: [SubscriberState] = []

    package init() {}
}

/// How many lines were answered with which error.
package struct RejectionTally: Sendable, Equatable {
    /// In the order of the codes.
    private var counts = [Int64](repeating: 0, count: LineErrorCode.allCases.count)

    package internal(set) subscript(code: LineErrorCode) -> Int64 {
        get { counts[Self.place(of: code)] }
        set { counts[Self.place(of: code)] = newValue }
    }

    private static func place(of code: LineErrorCode) -> Int {
        guard let place = LineErrorCode.allCases.firstIndex(of: code) else { preconditionFailure("a code is one of all cases") }
        return place
    }
}
