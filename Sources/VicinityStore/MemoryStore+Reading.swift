// What is read of the store in memory besides its state: events, and the register.

package import VicinityCore

extension MemoryStore: LogReader {
    package func blocks(after seq: Int64, maxBytes: Int) throws(StoreFault) -> [EventBlock] {
        let blocks = contents.blocks
        var first = 0
        var end = blocks.count
        while first < end {
            let middle = (first + end) / 2
            if blocks[middle].lastSeq <= seq { first = middle + 1 } else { end = middle }
        }
        var weight = 0
        var found: [EventBlock] = []
        for block in blocks[first...] where weight < maxBytes || found.isEmpty {
            weight += block.weight
            found.append(block)
        }
        return found
    }

    package func block(containing seq: Int64) throws(StoreFault) -> EventBlock? {
        try blocks(after: seq - 1, maxBytes: 1).first { $0.firstSeq <= seq }
    }

    package func blocks(committedSince time: Int64, maxBytes: Int) throws(StoreFault) -> [CommittedBlock] {
        let contents = contents
        var blocks: [CommittedBlock] = []
        var bytes = 0
        for (block, wallTime) in zip(contents.blocks, contents.blockTimes).reversed() {
            guard bytes < maxBytes, wallTime >= time else { break }
            bytes += block.bytes.count
            blocks.append(CommittedBlock(block: block, wallTime: wallTime))
        }
        return blocks.reversed()
    }

    package func oldest() throws(StoreFault) -> Int64 {
        let contents = contents
        return contents.kept.oldest(head: contents.head.seq)
    }

    package func size() throws(StoreFault) -> LogSize {
        let contents = contents
        let bytes = contents.blocks.reduce(0) { $0 + $1.bytes.count }
        return LogSize(bytes: Int64(bytes), free: 0, oldestCommit: contents.blockTimes.first)
    }
}

extension MemoryStore: RegisterReader {
    package func subject(id: [UInt8]) throws(StoreFault) -> SubjectRow? {
        contents.subjects.values.first { $0.id == id }
    }

    package func subjects(after id: [UInt8]?, limit: Int, kind: [UInt8]?) throws(StoreFault) -> [SubjectRow] {
        let matching = contents.subjects.values.filter { row in
            (id.map { $0.lexicographicallyPrecedes(row.id) } ?? true) && (kind == nil || row.kind == kind)
        }
        return Array(matching.sorted { $0.id.lexicographicallyPrecedes($1.id) }.prefix(limit))
    }
}
