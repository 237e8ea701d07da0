// The cursors of named subscribers.

import Testing
import VicinityStore

struct CursorTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func cursor(_ name: String, _ acked: Int64, at wallTime: Int64 = 0) -> Cursor {
        Cursor(name: Array(name.utf8), acked: acked, wallTime: wallTime)
    }

    private func cursors(of store: some LogStore) throws -> [Cursor] {
        try Recovery(of: store).items.compactMap { item in
            guard case .cursor(let cursor) = item else { return nil }
            return cursor
        }
    }

    /// Both stores: the changes of a commit are applied one after the other, and names come in the order of their bytes.
    @Test
    func changesAreAppliedInOrder() throws {
        let disk = try place.open()
        let memory = memoryStore()
        for store in [disk, memory] as [any LogStore] {
            try store.append(
                Commit(
                    number: 1,
                    cursors: [
                        .set(cursor("b", 1)), .set(cursor("Z", 2)), .set(cursor("ä", 3)), .set(cursor("b", 5, at: 7)), .remove(name: [90]),
                        .remove(name: Array("nobody".utf8)),
                    ], wallTime: 0))
        }
        for store in [disk, memory] as [any LogStore] {
            try store.append(
                Commit(number: 2, cursors: [.remove(name: [98]), .set(cursor("b", 2, at: 8)), .set(cursor("Z", 4))], wallTime: 0))
        }
        let expected = [cursor("Z", 4), cursor("b", 2, at: 8), cursor("ä", 3)]
        #expect(try cursors(of: disk) == expected)
        #expect(try cursors(of: memory) == expected)
        try disk.close()
        #expect(try cursors(of: place.open()) == expected)
    }

    @Test
    func aCursorIsDurableWithItsCommit() throws {
        let store = try place.open()
        try store.append(Commit(number: 1, cursors: [.set(cursor("relay", 17, at: 99))], wallTime: 0))
        #expect(try cursors(of: place.crashed().open()) == [cursor("relay", 17, at: 99)])
    }
}
