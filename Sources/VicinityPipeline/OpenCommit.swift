import VicinityCore
package import VicinityStore

/// What has been worked out since the last commit was handed over: the next commit as it grows, and whom to tell of it.
package struct OpenCommit: Sendable {
    package internal(set) var commit: Commit
    /// By connection.
    var receipts: [UInt64: (gateway: Gateway, receipt: Receipt)] = [:]
    var replies: [@Sendable () -> Void] = []
    /// Whose last events are in it.
    var farewells: [Farewell] = []
    /// The batches in it.
    var arrivals: [Arrival] = []
    /// Whether there is nothing to make durable and nobody to tell.
    package internal(set) var isEmpty = true
    /// Whether it shall not wait for company.
    package internal(set) var isUrgent = false
    /// What the commit will hold, roughly, in bytes.
    package internal(set) var size = 0
    /// The numbers that hold once the commit is durable.
    package internal(set) var snapshot = Snapshot()

    /// When so many lines were read, in monotonic nanoseconds.
    struct Arrival: Sendable {
        var time: Int64
        var lines: UInt32
    }

    init(number: Int64) { commit = Commit(number: number, wallTime: 0) }

    /// Whether there is something to make durable.
    package var isChange: Bool {
        !commit.journal.isEmpty || !commit.cursors.isEmpty || !commit.edition.isEmpty || !commit.suspensions.isEmpty
            || !commit.reports.isEmpty || !commit.audit.isEmpty || commit.precision != nil || !commit.erasures.isEmpty
    }

    /// Notes that a batch was worked off.
    mutating func cover(_ gateway: Gateway, upTo line: UInt64, errors: [(line: UInt64, error: LineError)]) {
        receipts[gateway.id, default: (gateway, Receipt(upTo: line, errors: []))].receipt.upTo = line
        if !errors.isEmpty { receipts[gateway.id]?.receipt.errors.append(contentsOf: errors) }
    }

    /// Tells everybody. Called once the commit is durable.
    func announce() {
        for (_, entry) in receipts.sorted(by: { $0.key < $1.key }) { entry.gateway.deliver(entry.receipt) }
        for reply in replies { reply() }
    }
}
