// Overwrites what lies between the cells of the file's pages.
//
// With `secure_delete` SQLite overwrites each cell that it deletes, and each page that it frees. But where it moves cells to a neighbouring
// page (as it does when rows beside them have gone), it leaves the bytes that they had before: nobody reads them, and nothing overwrites
// them until the page is needed for something else. In one of 200 probes, in which rows with a mark came and went by turns as journals,
// pages and blocks do, the mark was still in the file when no row had it any more. So when a user is forgotten we do what SQLite
// does not: we go through the file, and put zeros into the gap that each page has between its list of cells and the cells.
//
// The gap has no meaning to SQLite (https://www.sqlite.org/fileformat2.html, "unallocated space"), so that no reader can be disturbed. It is
// written around the pager, which is safe as long as the WAL is empty and nobody else can write, hence within a transaction and at once
// after a checkpoint that has emptied the WAL, while what copies the WAL beside the commits rests; and the pages in the writer's cache must be given up afterwards, since they would bring
// the old bytes back.

import GRDB
import GRDBSQLite

enum PageScrubber {
    /// Pages that one step reads at most: 8 MiB, some milliseconds.
    static let pagesPerStep = 2048
    /// Pages that are read at a time.
    private static let pagesPerRead = 64

    /// Goes over some pages of the file.
    ///
    /// - Parameter first: counts from 1.
    /// - Returns: the page with which to go on, or `nil` if this was the last.
    /// - Precondition: `database` is in a transaction that writes, and the WAL is empty.
    static func scrub(_ database: Database, from first: Int) throws -> Int? {
        let file = try DatabaseFile(database)
        let count = try file.size() / Schema.pageSize
        // In a larger file a page that holds a part of a row could be taken for one that holds cells.
        guard count < 1 << 24 else { return nil }
        let end = min(count + 1, first + pagesPerStep)
        var hasWritten = false
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: pagesPerRead * Schema.pageSize, alignment: 8)
        defer { room.deallocate() }
        for start in stride(from: first, to: end, by: pagesPerRead) {
            let pages = min(pagesPerRead, end - start)
            try file.read(UnsafeMutableRawBufferPointer(rebasing: room[..<(pages * Schema.pageSize)]), at: (start - 1) * Schema.pageSize)
            for page in 0..<pages where holdsCells(start + page) {
                let bytes = UnsafeMutableRawBufferPointer(rebasing: room[page * Schema.pageSize..<(page + 1) * Schema.pageSize])
                guard let gap = gap(in: UnsafeRawBufferPointer(bytes)), bytes[gap].contains(where: { $0 != 0 }) else { continue }
                let zeros = UnsafeMutableRawBufferPointer(rebasing: bytes[gap])
                zeros.initializeMemory(as: UInt8.self, repeating: 0)
                try file.write(UnsafeRawBufferPointer(zeros), at: (start + page - 1) * Schema.pageSize + gap.lowerBound)
                hasWritten = true
            }
        }
        if hasWritten { try file.sync() }
        return end > count ? nil : end
    }

    /// Whether a page may hold cells; the first one holds only the tables' names, and every 820th from the second on what kind the others are.
    private static func holdsCells(_ number: Int) -> Bool {
        number > 1 && (number - 2) % (Schema.pageSize / 5 + 1) != 0
    }

    /// Where a page holds nothing between its list of cells and its cells; `nil` of a page without cells.
    static func gap(in page: UnsafeRawBufferPointer) -> Range<Int>? {
        let header: Int
        switch page[0] {
        case 2, 5: header = 12
        case 10, 13: header = 8
        default: return nil
        }
        func number(at offset: Int) -> Int { Int(page[offset]) << 8 | Int(page[offset + 1]) }
        let listEnd = header + 2 * number(at: 3)
        let content = number(at: 5)
        guard listEnd <= content, content <= page.count else { return nil }
        for cell in stride(from: header, to: listEnd, by: 2) where !(content..<page.count).contains(number(at: cell)) { return nil }
        return listEnd..<content
    }
}
