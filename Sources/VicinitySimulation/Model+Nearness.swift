// Who may be told of a subject: whoever is inside, and for the grace whoever was; read naively from the contract.

package import VicinityCore

extension Model {
    /// One user and one subject, by their ids.
    struct PairName: Hashable {
        let user: [UInt8]
        let subject: [UInt8]
    }

    /// How a user stands to a subject now.
    package func nearness(user: [UInt8], subject: [UInt8]) -> Nearness {
        guard let known = users[user] else { return .unknownUser }
        guard let entry = subjects[subject] else { return .unknownSubject }
        if suspensions[subject] != nil { return .suspended }
        if known.encounters[entry.serial] != nil { return .inside }
        guard let left = lastLeaves[PairName(user: user, subject: subject)], rules.detailsGrace > 0 else { return .outside }
        return clock.steady - left.steady <= rules.detailsGrace ? .left : .outside
    }

    /// Takes note of when a leave was worked out; who was muted has no grace.
    mutating func noteLeave(of user: [UInt8], _ subject: [UInt8], because cause: Cause) {
        lastLeaves[PairName(user: user, subject: subject)] = cause == .muted || rules.detailsGrace == 0 ? nil : clock
    }
}
