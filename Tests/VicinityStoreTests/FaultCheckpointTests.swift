// The WAL has become long and is copied into the file, on a disk that fails just then. The commit that made it so long is durable by then, so
// that it is not taken back; but what the system has dropped nobody knows, so that it is the last.

import Testing
import VicinityCore
import VicinityStore

extension FaultyDiskTests {
    @Suite("The WAL is copied into the file on a disk that fails")
    struct CheckpointTests {
        /// So long that it fills the 4096 pages after which the WAL is copied.
        private func flood(_ number: Int64) -> Commit {
            Commit(number: number, journal: Array(repeating: UInt8(number), count: 17 << 20), wallTime: 0)
        }

        /// Which call, of those that the long commit makes.
        struct Call: CustomTestStringConvertible {
            let durability: Durability
            let calls: Disk.Calls
            let files: Disk.Files
            let nth: Int64
            let code: CInt

            var testDescription: String { "\(durability), \(code), call \(nth)" }
        }

        @Test(
            "A call that fails then ends the log's work, and is not made again",
            arguments: [
                Call(durability: .process, calls: .sync, files: .wal, nth: 1, code: 1034),
                Call(durability: .process, calls: .sync, files: .database, nth: 1, code: 1034),
                Call(durability: .process, calls: .write, files: .database, nth: 1000, code: 778),
                // The first sync is the commit's own.
                Call(durability: .power, calls: .sync, files: .wal, nth: 2, code: 1034),
                Call(durability: .power, calls: .sync, files: .database, nth: 1, code: 1034),
            ])
        func ends(call: Call) throws {
            let place = try Workplace()
            try Disk.watching(place) { disk in
                let store = try place.open(call.durability)
                // With the first commit the WAL begins.
                try store.append(Commit(number: 1, wallTime: 0))
                disk.fail(call.calls, of: call.files, nth: call.nth, times: 1, with: call.code)
                try store.append(flood(2))
                #expect(disk.heal() == 1)
                #expect(store.head.commit == 2)

                let written = disk.count([.write, .truncate, .sync])
                let fault = #expect(throws: StoreFault.self) { try store.append(Commit(number: 3, wallTime: 0)) }
                guard case .inputOutput = fault else {
                    Issue.record("\(String(describing: fault))")
                    return
                }
                #expect(throws: StoreFault.self) { try store.retain(Retention(beforeSeq: 1)) }
                #expect(throws: StoreFault.self) { try store.close() }
                #expect(disk.count([.write, .truncate, .sync]) == written)
            }
        }

        /// What the system did not write when it said so, it does not write when it is asked again: to copy pages from a WAL that has holes
        /// on the disk would tear the file.
        @Test("After a sync of the WAL that failed the file is not torn, whatever is asked of the store", arguments: UInt64(3)..<7)
        func isNotTorn(seed: UInt64) throws {
            let place = try Workplace()
            let image = try Workplace()
            let truth = memoryStore()
            var states = [try Snapshot(of: truth)]
            try Disk.watching(place, seed: seed) { disk in
                let store = try place.open(.process)
                var maker = CommitMaker(seed: seed)
                for _ in 0..<15 {
                    let commit = maker.next()
                    try store.append(commit)
                    try truth.append(commit)
                    states.append(try Snapshot(of: truth))
                }
                disk.fail(.sync, of: .wal, times: 1, with: 1034)
                var long = maker.next()
                long.journal = flood(1).journal
                try store.append(long)
                try truth.append(long)
                states.append(try Snapshot(of: truth))
                #expect(disk.heal() == 1)

                disk.losePower(atCall: 100, of: [.write, .sync], on: .database, into: image, seed: seed)
                try? store.append(maker.next())
                try? store.close()
                disk.keepPower()
                if try !disk.hasLostPower() { try disk.losePower(into: image, seed: seed) }
            }
            let found = try Snapshot(of: image.openAfterLoss(.process))
            #expect(states.contains(found), "seed \(seed)")
        }

        @Test("A disk that is full then holds up nothing, and the copy is made later")
        func full() throws {
            let place = try Workplace()
            let image = try Workplace()
            try Disk.watching(place) { disk in
                let store = try place.open(.power)
                try store.append(Commit(number: 1, wallTime: 0))
                disk.fail(.write, of: .database, with: 13)
                try store.append(flood(2))
                try store.append(Commit(number: 3, journalNeededFrom: 3, wallTime: 0))
                #expect(disk.heal() > 0)
                let written = disk.count(.write, of: .database)
                try store.append(Commit(number: 4, wallTime: 0))
                #expect(disk.count(.write, of: .database) > written + 4096)
                try disk.losePower(into: image, seed: 0)
            }
            let store = try image.openAfterLoss()
            #expect(store.head.commit == 4)
            #expect(try Recovery(of: store).items.count == 2)
        }
    }
}
