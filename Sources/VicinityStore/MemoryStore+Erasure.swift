// Users are taken out of the store in memory by the same steps; there are no bytes of a file to rid of them.

import Synchronization
import VicinityCore

extension MemoryStore {
    package var erasures: [Erasure] { contents.erasures.entries }

    package func erase() throws(StoreFault) -> ErasureStep { try state.withLock { state in state.erase() }.get() }
}

extension MemoryStore.State {
    fileprivate mutating func erase() -> Result<ErasureStep, StoreFault> {
        if let fault { return .failure(fault) }
        guard !contents.erasures.entries.isEmpty else { return .success(.idle) }
        let oldestJournal = contents.journals.keys.min() ?? contents.head.commit + 1
        let stage = contents.erasures.stage(oldestJournal: oldestJournal)
        switch stage {
        case .nothing: return .success(.idle)
        case .dropJournals: return .success(.waitsForState)
        case .cleanFile:
            guard !hasToldErasures else { return .success(.idle) }
            hasToldErasures = true
            return .success(.done(Array(contents.erasures.underWay)))
        case .beginRound, .rewrite, .forgetIDs: break
        }
        if let fault = nextFault() { return .failure(fault) }
        switch stage {
        case .nothing, .dropJournals, .cleanFile: break
        case .beginRound:
            hasToldErasures = false
            contents.erasures.beginRound()
        case .forgetIDs: contents.erasures.forgetIDs()
        case .rewrite(let through):
            do { try contents.rewrite(through: through) } catch { return .failure(StoreFault(error, path: "memory")) }
            if contents.erasures.position > through { return .success(.rewritten(contents.erasures.users)) }
        }
        return .success(.more)
    }
}

extension MemoryStore.Contents {
    /// Rewrites a few blocks.
    fileprivate mutating func rewrite(through: Int64) throws {
        var rewriting = Rewriting(erasures, through: through)
        let first = blocks.firstIndex { $0.lastSeq >= rewriting.position } ?? blocks.count
        // So few that what happens between two steps is seen.
        for place in first..<min(first + 4, blocks.count) where !rewriting.isFull {
            try rewriting.take(blocks[place])
            if let block = rewriting.blocks.last, block.firstSeq == blocks[place].firstSeq { blocks[place] = block }
        }
        if first + 4 >= blocks.count { rewriting.finish() }
        erasures.rewrote(before: rewriting.position, rewriting.events)
    }
}
