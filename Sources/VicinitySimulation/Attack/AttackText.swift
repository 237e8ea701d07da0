import VicinityCore

extension Attack.Outcome {
    /// Metres by which an estimate is off; `nil` without one.
    package func error(of result: Attack.Result) -> Double? { result.estimate.map { Geodesic.distance(from: target, to: $0) } }

    /// A table for people.
    package var text: String {
        var lines = [
            "precision \(Int(attack.precision)) m, seed \(attack.seed): \(Attacker.userCount) users look for one entry in 10 km × 10 km",
            "",
            row("strategy", "questions", "estimate off by", "shown place within", "true place within"),
        ]
        for result in results {
            lines.append(
                row(
                    result.name, "\(result.questions)", error(of: result).map { "\(fixed($0, 2)) m" } ?? "-",
                    "\(fixed(result.shownArea, 4)) m²", "\(fixed(result.trueArea, attack.precision > 0 ? 0 : 4)) m²"))
        }
        lines += [
            "", "order and time: \(orders.seen) fixes entered several subjects at once, \(orders.telling) of them told anything by it",
        ]
        if let first = rotatedAreas.first {
            let later = rotatedAreas.indices.dropFirst().map { "after \($0) \(fixed(rotatedAreas[$0], 0)) m²" }
            lines.append("rotating the key: at first \(fixed(first, 0)) m², \(later.joined(separator: ", "))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What a picture is drawn from, as CSV: metres from the entry's true place, and for a circle its radius.
    ///
    /// Of a bisection there is the last circle about each place, of a walk the halos of the users who stood on the edge.
    package var picture: String {
        var lines = ["what,strategy,north,east,size", "target,,0,0,0"]
        func point(_ what: String, _ name: String, _ place: Coordinate, _ size: Double) {
            let unit = target.metresPerUnit
            let north = Double(place.latitude - target.latitude) * unit.north
            let east = Double(Coordinate.longitudeDifference(from: target.longitude, to: place.longitude)) * unit.east
            lines.append("\(what),\(name),\(fixed(north, 2)),\(fixed(east, 2)),\(fixed(size, 3))")
        }
        point("shown", "", shown, attack.precision)
        for result in results {
            if let estimate = result.estimate { point("estimate", result.name, estimate, 0) }
            switch result.name {
            case "bisection":
                for finding in Self.last(result.findings) { point("circle", result.name, finding.place, finding.within) }
            case "boundary walk":
                for finding in Self.edges(result.findings) { point("circle", result.name, finding.place, finding.within) }
            case _: break
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Of each place the last answer that said *within*.
    private static func last(_ findings: [Finding]) -> [Finding] {
        var last: [Finding] = []
        for finding in findings where finding.within.isFinite {
            if last.last?.place == finding.place { last.removeLast() }
            last.append(finding)
        }
        return last
    }

    /// One answer of each edge: who was within stood beside somebody who was not.
    private static func edges(_ findings: [Finding]) -> [Finding] {
        let outside = findings.filter { !$0.within.isFinite }
        var edges: [Finding] = []
        for finding in findings where finding.within == Attack.walkRadius {
            func isBeside(_ other: Finding) -> Bool { Geodesic.distance(from: finding.place, to: other.place) < 1 }
            if !edges.contains(where: isBeside), outside.contains(where: isBeside) { edges.append(finding) }
        }
        return edges
    }

    private func row(_ name: String, _ columns: String...) -> String {
        func padded(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) }
        return name + padded(name, 14) + zip(columns, [10, 17, 20, 19]).map { " " + padded($0, $1) + $0 }.joined()
    }

    /// Without an exponent, with so many digits after the point.
    private func fixed(_ value: Double, _ digits: Int) -> String {
        var scale: Int64 = 1
        for _ in 0..<digits { scale *= 10 }
        let (whole, rest) = Int64((abs(value) * Double(scale)).rounded()).quotientAndRemainder(dividingBy: scale)
        let fraction = String(rest)
        let zeros = String(repeating: "0", count: digits - (digits > 0 ? fraction.count : 0))
        return (value < 0 ? "-" : "") + "\(whole)" + (digits > 0 ? ".\(zeros)\(fraction)" : "")
    }
}
