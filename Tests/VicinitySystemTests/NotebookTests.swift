import Glibc
import Testing

@testable import VicinitySystem

/// What the next process finds in a notebook, at whatever instant the last one was killed: each store is such an instant.
struct NotebookTests {
    /// All that a reader learns.
    private struct Found: Equatable {
        var state: [UInt8]?
        var start: UInt64
        var unsettled: [UInt8]
        var isInDoubt: Bool
        var tail: [UInt8]?
        var place: Int64

        init(_ notebook: Notebook) {
            state = notebook.state
            start = notebook.start
            unsettled = notebook.unsettled
            tail = notebook.tail
            // An orderly stop leaves no doubt.
            isInDoubt = tail == nil && notebook.isInDoubt
            place = notebook.place
        }
    }

    /// As the next process does: another mapping of the same memory.
    private static func successor(of notebook: Notebook) throws -> Notebook { try Notebook(adopting: try notebook.duplicate()) }

    private static func found(_ notebook: Notebook) throws -> Found { Found(try successor(of: notebook)) }

    private static func append(_ bytes: [UInt8], to notebook: Notebook) -> Bool { bytes.withUnsafeBytes { notebook.append($0) } }

    private static func bytes(_ range: Range<Int>) -> [UInt8] { range.map { UInt8(truncatingIfNeeded: $0 * 7 ^ $0 >> 8) } }

    @Test func whatWasNotedIsFound() throws {
        let notebook = try Notebook()
        #expect(notebook.note([1, 2, 3], start: 0))
        #expect(Self.append(Self.bytes(0..<1000), to: notebook))
        #expect(notebook.note([4], start: 600))
        notebook.place = 17
        notebook.isInDoubt = true
        notebook.attempts = 1
        notebook.countedFrom = 5
        let next = try Self.successor(of: notebook)
        #expect(next.state == [4])
        #expect(next.start == 600 && next.end == 1000)
        #expect(next.unsettled == Self.bytes(600..<1000))
        #expect(next.isInDoubt && next.place == 17 && next.attempts == 1 && next.countedFrom == 5 && next.tail == nil)
        notebook.countedFrom = nil
        #expect(next.countedFrom == nil)
    }

    @Test func withoutAStateItIsNone() throws {
        let notebook = try Notebook()
        #expect(throws: NotebookProblem.damaged) { try Self.successor(of: notebook) }
    }

    @Test func whatIsNoNotebookIsRefused() throws {
        for (offset, value) in [(0, UInt8(1)), (8, 9)] {
            let notebook = try Notebook()
            #expect(notebook.note([], start: 0))
            let copy = try notebook.duplicate()
            #expect([value].withUnsafeBytes { pwrite(copy.rawValue, $0.baseAddress, 1, off_t(offset)) } == 1)
            #expect(throws: NotebookProblem.unknownForm) { try Self.successor(of: notebook) }
        }
        // One that is too short must not be mapped: a look behind its end would end the process.
        let notebook = try Notebook()
        #expect(notebook.note([], start: 0))
        let copy = try notebook.duplicate()
        #expect(ftruncate(copy.rawValue, 8192) == 0)
        #expect(throws: NotebookProblem.unknownForm) { try Self.successor(of: notebook) }
        let pipe = open("/dev/null", O_RDONLY | O_CLOEXEC)
        #expect(throws: NotebookProblem.unknownForm) { try Notebook(adopting: OwnedDescriptor(pipe)) }
    }

    /// Any word of the header may be anything: it is refused or read, and nothing outside of the notebook is touched.
    @Test(arguments: [UInt64(1), 2, 1 << 20, 1 << 40, .max])
    func damageIsRefusedOrRead(value: UInt64) throws {
        for offset in stride(from: 0, to: 96, by: 8) + [4096, 4104, 4112, 4096 + 33 * 4096, 4112 + 33 * 4096] {
            let notebook = try Notebook()
            #expect(Self.append(Self.bytes(0..<100), to: notebook))
            #expect(notebook.note([1], start: 10) && notebook.note([2], start: 20))
            let copy = try notebook.duplicate()
            #expect(withUnsafeBytes(of: value) { pwrite(copy.rawValue, $0.baseAddress, 8, off_t(offset)) } == 8)
            guard let next = try? Self.successor(of: notebook) else { continue }
            _ = Found(next)
        }
    }

    /// A random life, looked at after each store: there is always either what was before the step or what is after it.
    @Test(arguments: UInt64(0)..<20)
    func anyInstantIsConsistent(seed: UInt64) throws {
        var random = Seeded(state: seed &+ 1)
        let notebook = try Notebook()
        #expect(notebook.note([], start: 0))
        var sent = 0
        for step in 0..<60 {
            let before = try Self.found(notebook)
            var seen: [Found] = []
            notebook.stored = { if let found = try? Self.found(notebook) { seen.append(found) } else { Issue.record("unreadable") } }
            switch Int.random(in: 0..<8, using: &random) {
            case 0..<3:
                let count = Int.random(in: 0...400_000, using: &random)
                if Self.append(Self.bytes(sent..<sent + count), to: notebook) { sent += count }
            case 3..<6:
                let state = [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: Int.random(in: 0...5000, using: &random))
                let start = Bool.random(using: &random) ? notebook.end : UInt64.random(in: notebook.start...notebook.end, using: &random)
                #expect(notebook.note(state, start: start))
            case 6: notebook.isInDoubt.toggle()
            default:
                if before.tail == nil {
                    try notebook.handOver(Self.bytes(0..<Int.random(in: 1...10_000, using: &random)))
                } else {
                    notebook.begin(isInDoubt: false)
                }
            }
            notebook.stored = {}
            let after = try Self.found(notebook)
            #expect(after.unsettled == Self.bytes(Int(after.start)..<sent), "seed \(seed), step \(step)")
            #expect(seen.allSatisfy { $0 == before || $0 == after }, "seed \(seed), step \(step)")
        }
    }

    @Test func thereIsNoRoomForMoreThanCanBeUnsettled() throws {
        let notebook = try Notebook()
        #expect(notebook.note([], start: 0))
        #expect(Self.append(Self.bytes(0..<Notebook.inputCapacity), to: notebook))
        #expect(notebook.room == 0 && !Self.append([1], to: notebook))
        #expect(notebook.note([], start: 10))
        #expect(Self.append(Self.bytes(0..<10), to: notebook))
        #expect(notebook.unsettled == Self.bytes(10..<Notebook.inputCapacity) + Self.bytes(0..<10))
    }

    @Test func aStateThatIsTooLongChangesNothing() throws {
        let notebook = try Notebook()
        #expect(notebook.note([7], start: 0))
        #expect(!notebook.note([UInt8](repeating: 0, count: Notebook.longestState + 1), start: 0))
        #expect(try Self.found(notebook).state == [7])
        let longest = [UInt8](repeating: 1, count: Notebook.longestState)
        #expect(notebook.note(longest, start: 0))
        #expect(try Self.found(notebook).state == longest)
    }

    @Test func aBurstIsGivenBack() throws {
        let notebook = try Notebook()
        #expect(notebook.note([], start: 0))
        let few = try blocks(of: notebook)
        #expect(Self.append(Self.bytes(0..<Notebook.inputCapacity), to: notebook))
        #expect(try blocks(of: notebook) >= few + Notebook.inputCapacity / 512)
        notebook.giveBack()
        #expect(notebook.unsettled == Self.bytes(0..<Notebook.inputCapacity), "what is unsettled stays")
        #expect(notebook.note([1], start: notebook.end))
        notebook.giveBack()
        #expect(try blocks(of: notebook) < few + 512)
        // Little at a time stays little.
        for _ in 0..<1000 {
            #expect(Self.append(Self.bytes(0..<5000), to: notebook))
            #expect(notebook.note([2], start: notebook.end))
        }
        #expect(try blocks(of: notebook) < few + 512)
    }

    /// In 512 bytes.
    private func blocks(of notebook: Notebook) throws -> Int {
        var found = stat()
        let copy = try notebook.duplicate()
        #expect(fstat(copy.rawValue, &found) == 0)
        return Int(found.st_blocks)
    }
}

/// SplitMix64.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
