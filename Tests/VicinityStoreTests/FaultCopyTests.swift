// The WAL is copied beside the commits, on a disk that is slow, or fails just then.

import Foundation
import Synchronization
import Testing
import VicinityCore

@testable import VicinityStore

extension FaultyDiskTests {
    @Suite("The WAL is copied beside the commits")
    struct CopyTests {
        private func commit(_ number: Int64) -> Commit {
            Commit(number: number, journal: Array(repeating: UInt8(truncatingIfNeeded: number), count: 512 << 10), wallTime: 0)
        }

        /// Waits for what another thread does.
        private func wait(for what: String, until isSo: () throws -> Bool) throws {
            for _ in 0..<10_000 {
                if try isSo() { return }
                usleep(1000)
            }
            Issue.record("\(what) did not come")
        }

        @Test("Commits do not wait for a disk that takes its time with the file", arguments: Durability.allCases)
        func slow(durability: Durability) throws {
            let place = try Workplace()
            try Disk.watching(place) { disk in
                let store = try place.open(durability, copying: .beside)
                let before = disk.count(.sync, of: .database)
                disk.holdSyncs(of: .database)
                // The copy begins in the middle, and its sync is held: a writer that waited for it would not come to the end.
                for number in 1...60 as ClosedRange<Int64> { try store.append(commit(number)) }
                disk.holdSyncs(of: [])
                try wait(for: "the sync") { disk.count(.sync, of: .database) > before }
                try store.close()
            }
            #expect(try place.open(durability).head.commit == 60)
        }

        @Test("The WAL begins anew under a writer that does not rest")
        func isRenewed() throws {
            let place = try Workplace()
            let store = try place.open(copying: .beside)
            var longest = 0
            for number in 1...400 as ClosedRange<Int64> {
                var next = commit(number)
                next.journalNeededFrom = max(1, number - 1)
                try store.append(next)
                longest = max(longest, try size(of: place.database + "-wal"))
            }
            // 200 MB went through it; where a copy was whole by chance it began anew before it was long.
            #expect(longest > WALPolicy.pieceBeside * Schema.pageSize)
            #expect(longest < WALPolicy.tooLong * Schema.pageSize + (2 << 20))
            try store.close()
            #expect(try place.open().head.commit == 400)
        }

        @Test("A reader holds up the copy no longer than it reads")
        func reader() throws {
            let place = try Workplace()
            let store = try place.open(copying: .beside)
            try store.append(commit(1))
            let reader = try OtherProgram(place)
            reader.run("BEGIN")
            reader.run("SELECT count(*) FROM commits")
            for number in 2...200 as ClosedRange<Int64> { try store.append(commit(number)) }
            let longest = try size(of: place.database + "-wal")
            #expect(longest > WALPolicy.tooLong * Schema.pageSize)
            reader.run("COMMIT")
            for number in 201...400 as ClosedRange<Int64> { try store.append(commit(number)) }
            // A commit of half a megabyte is 130 pages; soon after the reader has gone a copy is whole, and the WAL begins anew.
            #expect(try size(of: place.database + "-wal") < longest + 2 * WALPolicy.pieceBeside * Schema.pageSize)
            try store.close()
        }

        @Test("The file is not cleaned while a copy is under way")
        func cleaningWaits() throws {
            let place = try Workplace()
            try Disk.watching(place) { disk in
                let store = try place.open(copying: .beside)
                var scene = CanaryScene(seed: 1)
                for commit in scene.past(10) { try store.append(commit) }
                let begin = scene.begin()
                try store.append(begin)
                while store.currentErasures.stage(oldestJournal: try store.state().oldestJournal) != .cleanFile { _ = try store.erase() }
                // The copy of these stops in its sync.
                disk.holdSyncs(of: .database)
                var number = begin.number
                try wait(for: "the copy") {
                    number += 1
                    try store.append(number < begin.number + 45 ? commit(number) : Commit(number: number, wallTime: 0))
                    return disk.heldSyncs > 0
                }
                let before = disk.count([.read, .write, .truncate, .sync, .lock, .lockMemory])
                let cleaning = Cleaning(store)
                cleaning.start()
                // What does not wait has begun long before this is over; what waits may take as long as it likes to begin.
                usleep(300_000)
                #expect(disk.count([.read, .write, .truncate, .sync, .lock, .lockMemory]) == before, "it has begun")
                disk.holdSyncs(of: [])
                #expect(try cleaning.result.get() != .waitsForReaders)
                try store.close()
            }
        }

        /// A step of an erasure on another thread.
        private final class Cleaning: Sendable {
            private let store: SQLiteStore
            private let answer = Mutex<Result<ErasureStep, StoreFault>?>(nil)
            private let ended = DispatchSemaphore(value: 0)

            init(_ store: SQLiteStore) { self.store = store }

            func start() {
                Thread.detachNewThread { [self] in
                    let result = Result { () throws(StoreFault) in try store.erase() }
                    answer.withLock { $0 = result }
                    ended.signal()
                }
            }

            /// Waits for it.
            var result: Result<ErasureStep, StoreFault> {
                get throws {
                    ended.wait()
                    return try #require(answer.withLock { $0 })
                }
            }
        }

        private func size(of file: String) throws -> Int {
            try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
        }

        typealias Call = CheckpointTests.Call

        @Test(
            "A call that fails then ends the log's work, and is not made again",
            arguments: [
                Call(durability: .process, calls: .sync, files: .wal, nth: 1, code: 1034),
                Call(durability: .process, calls: .sync, files: .database, nth: 1, code: 1034),
                Call(durability: .process, calls: .write, files: .database, nth: 300, code: 778),
                Call(durability: .power, calls: .sync, files: .database, nth: 1, code: 1034),
                Call(durability: .power, calls: .write, files: .database, nth: 1, code: 778),
            ])
        func ends(call: Call) throws {
            let place = try Workplace()
            let image = try Workplace()
            var number: Int64 = 1
            try Disk.watching(place) { disk in
                let store = try place.open(call.durability, copying: .beside)
                try store.append(Commit(number: 1, wallTime: 0))
                disk.fail(call.calls, of: call.files, nth: call.nth, times: 1, with: call.code)
                var fault: StoreFault?
                try wait(for: "the fault") {
                    do throws(StoreFault) {
                        try store.append(disk.failed == 0 ? commit(number + 1) : Commit(number: number + 1, wallTime: 0))
                        number += 1
                    } catch {
                        fault = error
                    }
                    return fault != nil
                }
                guard case .inputOutput = fault else {
                    Issue.record("\(String(describing: fault))")
                    return
                }
                #expect(disk.heal() == 1)
                #expect(store.head.commit == number)
                let written = disk.count([.write, .truncate, .sync])
                #expect(throws: StoreFault.self) { try store.append(Commit(number: number + 1, wallTime: 0)) }
                #expect(throws: StoreFault.self) { try store.retain(Retention(beforeSeq: 1)) }
                #expect(throws: StoreFault.self) { try store.close() }
                #expect(disk.count([.write, .truncate, .sync]) == written)
                try disk.losePower(into: image, seed: 1)
                // The one that was refused may be there: it was not announced.
                #expect([number, number + 1].contains(try place.crashed().open().head.commit))
            }
            // What has lost power is whole, and with durability power all there: a copy that failed has not let the WAL begin anew.
            let left = try image.openAfterLoss(call.durability)
            if call.durability == .power { #expect(left.head.commit >= number) }
        }

        @Test("A disk that is full then holds up nothing, and the copy is made later")
        func full() throws {
            let place = try Workplace()
            try Disk.watching(place) { disk in
                let store = try place.open(.power, copying: .beside)
                disk.fail(.write, of: .database, with: 13)
                var number: Int64 = 0
                try wait(for: "a second copy that fails") {
                    number += 1
                    try store.append(number < 45 ? commit(number) : Commit(number: number, wallTime: 0))
                    return disk.failed > 1
                }
                disk.heal()
                let written = disk.count(.write, of: .database)
                try wait(for: "the copy") {
                    number += 1
                    try store.append(Commit(number: number, wallTime: 0))
                    return disk.count(.write, of: .database) >= written + 1024
                }
                try store.close()
                #expect(try place.crashed().open().head.commit == number)
            }
        }
    }
}
