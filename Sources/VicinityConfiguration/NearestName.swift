/// "Did you mean …?": the nearest of the names that exist.
enum NearestName {
    /// The candidate with the fewest edits to `name`; nil if none is near. The first of equals.
    static func of(_ name: String, among candidates: [String]) -> String? {
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = distance(name, candidate)
            guard distance <= max(1, min(name.count, candidate.count) / 3) else { continue }
            if let found = best, found.distance <= distance { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// Edits between two words: a character put in, taken out or replaced, or two neighbours swapped (optimal string alignment).
    ///
    /// - Complexity: O(n · m). Words longer than 100 characters count as far from everything.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.unicodeScalars)
        let right = Array(right.unicodeScalars)
        guard left.count <= 100, right.count <= 100 else { return .max }
        var rows = [Array(0...right.count)]
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                let replaced = rows[i][j] + (left[i] == right[j] ? 0 : 1)
                var fewest = min(replaced, rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { fewest = min(fewest, rows[i - 1][j - 1] + 1) }
                row.append(fewest)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}

extension SourceMistake {
    /// - Parameter candidates: the names that exist at this place.
    static func unknown(_ entry: SourceNode.Entry, _ path: String, candidates: [String]) -> SourceMistake {
        let hint = NearestName.of(entry.name, among: candidates).map { "; did you mean \($0)?" } ?? ""
        return SourceMistake(line: entry.line, path: path, why: "there is no such key" + hint)
    }
}
