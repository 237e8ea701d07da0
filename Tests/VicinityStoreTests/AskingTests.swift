// Whether a statement that takes long is still wanted.

import GRDB
import Testing

@testable import VicinityStore

struct AskingTests {
    private struct Enough: Error, Equatable {
        let questions: Int
    }

    /// Counts for ever.
    private static let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"

    @Test
    func aStatementEndsWithWhatTheQuestionThrows() throws {
        try DatabaseQueue().inDatabase { database in
            var questions = 0
            let error = #expect(throws: Enough.self) {
                try database.asking({
                    questions += 1
                    if questions == 3 { throw Enough(questions: questions) }
                }) { try Int.fetchOne(database, sql: Self.endless) }
            }
            #expect(error == Enough(questions: 3))
            // Nobody asks about the next ones.
            let sum = try Int.fetchOne(
                database,
                sql: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT sum(i) FROM n")
            #expect(sum == 5_000_050_000 && questions == 3)
        }
    }

    @Test
    func anErrorOfTheStatementStaysWhatItIs() throws {
        try DatabaseQueue().inDatabase { database in
            _ = #expect(throws: DatabaseError.self) { try database.asking({}) { try database.execute(sql: "SELECT * FROM nothing") } }
        }
    }
}
