// What a salvage has come to.

internal import VicinityCore

/// What was saved, and what was not.
package struct SalvageReport: Sendable, Equatable {
    package var source: String
    package var target: String
    /// Of the new log.
    package var logID = ""
    /// Whether it is another log than the old one, so that cursors are void.
    package var isNewLog = false
    /// What the new log holds.
    package var saved = Figures()
    /// Encounters that were closed because their user or subject is lost.
    package var closed = 0
    /// What could not be saved, but users; without meanings.
    package private(set) var losses = Findings()
    var lostUsers = LostIDs()

    init(source: String, target: String) {
        self.source = source
        self.target = target
    }

    /// Whether everything was saved.
    package var isWhole: Bool { losses.isEmpty && lostUsers.count == 0 }

    mutating func lose(_ part: Finding.Part, _ what: String) { losses.add(part, what, meaning: "") }
}
