// What the shell cannot know: it asks this program, and this program asks the daemon.

internal import ArgumentParser
internal import VicinityClient

extension CompletionKind {
    /// Ids of the register.
    static let subjectID = CompletionKind.custom { words, _, prefix in
        Suggestions(words: words, defaultDirectory: GlobalOptions.defaultSocketDirectory).subjects(from: prefix)
    }

    /// Names of subscribers with a durable cursor.
    static let subscriberName = CompletionKind.custom { words, _, prefix in
        Suggestions(words: words, defaultDirectory: GlobalOptions.defaultSocketDirectory).subscribers(from: prefix)
    }
}
