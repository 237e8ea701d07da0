// The disk itself: does it forget what was not synced, keep what was, tear only where a disk tears, and fail when it was told to?

import Foundation
import Testing
import VicinityStore

extension FaultyDiskTests {
    @Suite("The disk that forgets and fails")
    struct DiskTests {
        private let place: Workplace
        private let images: Workplace

        init() throws {
            place = try Workplace()
            images = try Workplace()
            try place.write([])
        }

        private let full: CInt = 13

        @Test("What was not synced may be lost, and may be kept")
        func forgets() throws {
            try Disk.watching(place) { disk in
                let program = try OtherProgram(place)
                let sql = "BEGIN; CREATE TABLE t (b); INSERT INTO t VALUES (randomblob(60000)); COMMIT"
                program.run("PRAGMA synchronous = OFF")
                #expect(program.run(sql) == 0)
                #expect(disk.count(.sync) == 0)
                let whole = try place.bytes()
                var kept = 0
                var missing = 0
                var torn = 0
                for seed in UInt64(0)..<60 {
                    let image = try images.another()
                    try disk.losePower(into: image, seed: seed)
                    guard let found = try? image.bytes() else {
                        missing += 1
                        continue
                    }
                    kept += found == whole ? 1 : 0
                    // Nothing but sectors that were written, whole, and zeros where none was.
                    var isTorn = false
                    for (index, start) in stride(from: 0, to: found.count, by: 512).enumerated() {
                        let piece = found[start..<min(start + 512, found.count)]
                        let written = whole[start..<min(start + 512, found.count)]
                        #expect(piece == written || piece.allSatisfy { $0 == 0 }, "seed \(seed), sector \(index)")
                        if start % 4096 != 0, piece != written, found[start - 512] == whole[start - 512] { isTorn = true }
                    }
                    torn += isTorn ? 1 : 0
                }
                #expect(kept > 0)
                #expect(missing > 0)
                #expect(torn > 0)
            }
        }

        @Test("What was synced is kept, with its name")
        func keeps() throws {
            try Disk.watching(place) { disk in
                let program = try OtherProgram(place)
                #expect(program.run("PRAGMA synchronous = FULL; CREATE TABLE t (b); INSERT INTO t VALUES (zeroblob(60000))") == 0)
                #expect(disk.count(.sync, of: .database) == 2)
                for seed in UInt64(0)..<50 {
                    let image = try images.another()
                    try disk.losePower(into: image, seed: seed)
                    #expect(try image.bytes() == place.bytes(), "seed \(seed)")
                }
            }
        }

        @Test("Power is lost just before the call that was named, and once")
        func moment() throws {
            try Disk.watching(place) { disk in
                let program = try OtherProgram(place)
                program.run("PRAGMA synchronous = FULL")
                #expect(program.run("CREATE TABLE first (b)") == 0)
                let before = try place.bytes()
                let image = try images.another()
                disk.losePower(atCall: 1, of: .write, into: image, seed: 0)
                #expect(program.run("CREATE TABLE second (b)") == 0)
                #expect(try disk.hasLostPower())
                #expect(try image.bytes() == before)
                #expect(try place.bytes() != before)
                disk.losePower(atCall: 1000, into: image, seed: 0)
                #expect(try !disk.hasLostPower())
            }
        }

        @Test("The call that was named fails, so many times, and has written so much")
        func fails() throws {
            try Disk.watching(place) { disk in
                let program = try OtherProgram(place)
                program.run("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF")
                disk.fail(.write, nth: 2, times: 1, with: full, written: 700)
                #expect(program.run("CREATE TABLE t (b)") == full)
                #expect(disk.failed == 1)
                let bytes = try place.bytes()
                #expect(bytes.count == 4096 + 700)
                #expect(disk.heal() == 1)

                // Another file than the one that was named, and another call.
                disk.fail(.write, of: .wal, with: full)
                disk.fail(.truncate, with: full)
                let other = try images.another()
                try other.write([])
                #expect(try OtherProgram(other).run("CREATE TABLE t (b)") == 0)
                #expect(disk.heal() == 0)
            }
        }

        @Test("Only one directory is watched, and nothing once that has ended")
        func ends() throws {
            let program = try Disk.watching(place) { disk in
                #expect(throws: (any Error).self) { try Disk.watching(images) { _ in } }
                let elsewhere = try images.another()
                try elsewhere.write([])
                let outside = try OtherProgram(elsewhere)
                disk.fail([.write, .sync], with: full)
                #expect(outside.run("CREATE TABLE t (b)") == 0)
                #expect(disk.heal() == 0)
                disk.fail(.write, with: full)
                return try OtherProgram(place)
            }
            #expect(program.run("CREATE TABLE t (b)") == 0)
            try Disk.watching(images) { disk in
                #expect(program.run("CREATE TABLE u (b)") == 0)
                #expect(disk.count(.changes) == 0)
            }
        }

        @Test("A sync that fails has kept a part, and the next one does not make up for it")
        func syncs() throws {
            var kept: Set<Bool> = []
            for seed in UInt64(0)..<20 {
                let place = try Workplace()
                try place.write([])
                try Disk.watching(place, seed: seed) { disk in
                    let program = try OtherProgram(place)
                    program.run("PRAGMA journal_mode = OFF")
                    disk.fail(.sync, times: 1, with: 1034)
                    #expect(program.run("CREATE TABLE t (b)") != 0)
                    program.run("PRAGMA user_version = 7")
                    let image = try images.another()
                    try disk.losePower(into: image, seed: 0)
                    kept.insert(try image.bytes() == place.bytes())
                }
            }
            #expect(kept == [true, false])
        }
    }
}
