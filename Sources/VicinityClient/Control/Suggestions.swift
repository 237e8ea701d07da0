// Words of the daemon's for a command line that is being typed. Nothing goes wrong here: without a daemon, or without the right to ask, there
// are none.

package struct Suggestions {
    /// How many there are at the most.
    private static let most: Int64 = 100
    /// How long somebody who types may be kept waiting, in milliseconds.
    private static let patience: Int32 = 500

    private let socketDirectory: String

    /// - Parameters:
    ///   - words: the command line so far.
    ///   - defaultDirectory: where the sockets are if the words do not say so.
    package init(words: [String], defaultDirectory: String) {
        socketDirectory = Self.directory(in: words) ?? defaultDirectory
    }

    /// The value of `--socket-dir`.
    static func directory(in words: [String]) -> String? {
        for (index, word) in words.enumerated().reversed() {
            if word.hasPrefix("--socket-dir=") { return String(word.dropFirst("--socket-dir=".count)) }
            if word == "--socket-dir", index + 1 < words.count { return words[index + 1] }
        }
        return nil
    }

    /// Ids of subjects that begin so, by id.
    package func subjects(from prefix: String) -> [String] {
        var params = [JSONValue.Member("limit", .number(Self.most))]
        // The ids that begin so are the next ones after the prefix itself.
        if !prefix.isEmpty { params.append(JSONValue.Member("after", .string(prefix))) }
        let found = ask("subjects.list", params)?["subjects"]?.array ?? []
        return Self.words(found.compactMap { $0["id"]?.string }, from: prefix)
    }

    /// Names of subscribers that begin so.
    package func subscribers(from prefix: String) -> [String] {
        let found = ask("subscribers.list", [])?["subscribers"]?.array ?? []
        return Self.words(found.compactMap { $0["name"]?.string }, from: prefix)
    }

    /// Those that a shell can take as one word, without quotes.
    static func words(_ found: [String], from prefix: String) -> [String] {
        found.filter { word in
            word.hasPrefix(prefix)
                && word.unicodeScalars.allSatisfy { !$0.isControl && !" '\"\\$`;&|<>()*?[]{}~#!:".unicodeScalars.contains($0) }
        }
    }

    private func ask(_ method: String, _ params: [JSONValue.Member]) -> JSONValue? {
        do throws(ClientFault) {
            var control = try ControlClient(socketDirectory: socketDirectory, patience: Self.patience)
            return try control.call(method, params, patience: Self.patience)
        } catch {
            return nil
        }
    }
}
