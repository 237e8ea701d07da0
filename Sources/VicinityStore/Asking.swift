// Long statements of SQLite's, which somebody may not want to wait for any more.

import GRDB
import GRDBSQLite

extension Database {
    /// Runs `body`, and calls `question` again and again while SQLite works: what that throws ends the statement, and is thrown.
    ///
    /// SQLite asks between steps of its virtual machine. What it does in one step, such as the pages of one tree in `integrity_check`, it
    /// does to its end (version 3.40; later ones ask there too).
    func asking<Value>(_ question: () throws -> Void, _ body: () throws -> Value) throws -> Value {
        try withoutActuallyEscaping(question) { question in
            let questioner = Questioner(question)
            sqlite3_progress_handler(
                sqliteConnection, Questioner.steps,
                { context in
                    guard let context else { return 0 }
                    return Unmanaged<Questioner>.fromOpaque(context).takeUnretainedValue().isRefused() ? 1 : 0
                }, Unmanaged.passUnretained(questioner).toOpaque())
            defer { sqlite3_progress_handler(sqliteConnection, 0, nil, nil) }
            do {
                return try withExtendedLifetime(questioner, body)
            } catch {
                throw questioner.error ?? error
            }
        }
    }
}

/// What SQLite's handler calls.
private final class Questioner {
    /// Steps between two questions: a few milliseconds' work.
    static let steps: CInt = 20_000

    private let question: () throws -> Void
    private(set) var error: (any Error)?

    init(_ question: @escaping () throws -> Void) { self.question = question }

    func isRefused() -> Bool {
        do {
            try question()
            return false
        } catch {
            self.error = error
            return true
        }
    }
}
