package import VicinityCore

/// What `status` says of the state: numbers as of the last durable commit.
package struct Snapshot: Sendable {
    package var users = 0
    package var subjects = 0
    package var pairs = 0
    package var head: Int64 = 0
    package var tally = Tally()
    /// By name.
    package var subscribers: [SubscriberState] = []

    package init() {}
}
