// What one process leaves behind about a connection, for the next one.
//
// A notebook is a file without a name that lives in memory (memfd), mapped by the process that writes it and kept by the service manager beside
// the connection's socket. Being shared memory it holds, at whatever instant the process is killed, all that was stored until then. So it is
// written as one goes, and so that it means something after each single store:
//
//     header   words of eight bytes, each stored in one step: magic, form, current, end, doubt, place, attempts, counted, tail
//     slots    two, of which `current` names one: where the unsettled input begins, and the state that belongs to it, opaque bytes. The
//              other one is written, and then `current` is stored, with release order
//     input    a ring: what was read from the socket, up to `end`, and is not settled. It lies behind `end` before `end` says so
//     tail     behind all that: what an orderly stop leaves, bytes of output that the kernel has not taken; `tail` says how many, last
//
// Input is counted from the connection's first byte. While nothing is unsettled the ring begins anew at its front, so that whoever sends little uses
// few pages; those of a burst are given back by ``giveBack()``.
//
// Notebooks hold positions and ids. They are never on a disk, in a core dump or in a log line.

import CLinux
import Glibc

/// Why something cannot serve as a notebook. Which positions it held is not said.
package enum NotebookProblem: Error, Equatable, CustomStringConvertible {
    case system(operation: String, code: Int32)
    /// Not a notebook, or one of another version of the daemon.
    case unknownForm
    /// It says what no notebook can.
    case damaged

    package var description: String {
        switch self {
        case .system(let operation, let code): "cannot \(operation) a notebook: \(String(cString: strerror(code)))"
        case .unknownForm: "its notebook is not of this version of the daemon"
        case .damaged: "its notebook is damaged"
        }
    }
}

/// A connection's notebook, mapped.
///
/// One thread at a time uses it, its writer or, after that one's death, its reader. Nothing here waits, and nothing calls the system but making,
/// adopting, ``handOver(_:)`` and ``giveBack()``.
package final class Notebook {
    /// Bytes of input that can be unsettled.
    package static let inputCapacity = 1 << 20
    /// Bytes of the longest state.
    package static let longestState = slotSize - slotHeader
    /// Bytes of input whose pages stay when a burst is over.
    private static let keptInput = 1 << 16

    // "vicinity" read as a little-endian number, and the form of all that follows.
    private static let magic: UInt64 = 0x7974_696e_6963_6976
    private static let form: UInt64 = 1

    // Offsets of the header's words.
    private static let formWord = 8
    private static let currentWord = 16
    private static let endWord = 24
    private static let doubtWord = 32
    private static let placeWord = 40
    private static let attemptsWord = 48
    private static let countedWord = 56
    private static let tailWord = 64

    private static let page = 4096
    private static let slotSize = 33 * page
    private static let slotHeader = 24
    private static let inputOffset = page + 2 * slotSize
    /// Bytes of a notebook, of which as many are in memory as were used; behind them, between two processes, lies the tail.
    package static let length = inputOffset + inputCapacity

    private let descriptor: OwnedDescriptor
    private let memory: UnsafeMutableRawPointer
    /// Of the current slot.
    package private(set) var start: UInt64 = 0
    private var ringStart: UInt64 = 0
    private var flips: UInt64 = 0
    /// Bytes of the ring that were used since pages were last given back.
    private var highWater = 0
    /// For tests: called after each store that a reader could see the effect of.
    var stored: () -> Void = {}

    /// Makes a fresh one, without state.
    package init() throws(NotebookProblem) {
        let made = vicinity_memory_file("vicinity-notebook")
        guard made >= 0 else { throw .system(operation: "make", code: -made) }
        let owned = OwnedDescriptor(made)
        guard ftruncate(made, off_t(Self.length)) == 0 else { throw .system(operation: "make", code: errno) }
        memory = try Self.map(made)
        descriptor = owned
        store(Self.form, Self.formWord)
        store(Self.magic, 0)
    }

    /// Takes up one that another process has written.
    ///
    /// - Throws: ``NotebookProblem``; the descriptor is closed then.
    package init(adopting descriptor: consuming OwnedDescriptor) throws(NotebookProblem) {
        var found = stat()
        guard fstat(descriptor.rawValue, &found) == 0 else { throw .system(operation: "look at", code: errno) }
        // Memory behind the end of a file cannot be touched.
        guard found.st_mode & S_IFMT == S_IFREG, found.st_size >= off_t(Self.length) else { throw .unknownForm }
        memory = try Self.map(descriptor.rawValue)
        self.descriptor = descriptor
        guard load(0) == Self.magic, load(Self.formWord) == Self.form else { throw .unknownForm }
        flips = load(Self.currentWord)
        start = slotWord(0)
        ringStart = slotWord(8)
        guard flips > 0, slotWord(16) <= UInt64(Self.longestState), ringStart <= start, start <= end,
            end - start <= UInt64(Self.inputCapacity)
        else { throw .damaged }
        highWater = Self.inputCapacity
    }

    deinit { vicinity_unmap(memory, Self.length) }

    private static func map(_ descriptor: CInt) throws(NotebookProblem) -> UnsafeMutableRawPointer {
        var address: UnsafeMutableRawPointer?
        let answer = vicinity_map_shared(descriptor, length, &address)
        guard answer == 0, let address else { throw .system(operation: "map", code: -answer) }
        return address
    }

    /// Another descriptor of the same file, for whoever keeps it.
    package func duplicate() throws(NotebookProblem) -> OwnedDescriptor {
        let copy = fcntl(descriptor.rawValue, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .system(operation: "duplicate", code: errno) }
        return OwnedDescriptor(copy)
    }

    // MARK: - Single words

    /// So many bytes of the connection have been read and noted.
    package private(set) var end: UInt64 {
        get { load(Self.endWord) }
        set { store(newValue, Self.endWord) }
    }

    /// Something is under way of which nobody could tell afterwards how far it came: the connection must not be gone on with. What an orderly
    /// stop has left is in no doubt, whatever this says.
    package var isInDoubt: Bool {
        get { load(Self.doubtWord) != 0 }
        set { store(newValue ? 1 : 0, Self.doubtWord) }
    }

    /// A number beside the state that changes more often than all the rest; 0 at first.
    package var place: Int64 {
        get { Int64(bitPattern: load(Self.placeWord)) }
        set { store(UInt64(bitPattern: newValue), Self.placeWord) }
    }

    /// How often somebody has taken up what was unsettled without coming to an end of it.
    package var attempts: UInt64 {
        get { load(Self.attemptsWord) }
        set { store(newValue, Self.attemptsWord) }
    }

    /// What had been read when the kernel began to count; `nil` while that is being changed.
    package var countedFrom: UInt64? {
        get { load(Self.countedWord) == .max ? nil : load(Self.countedWord) }
        set { store(newValue ?? .max, Self.countedWord) }
    }

    // MARK: - Input

    /// Bytes that ``append(_:)`` can take now.
    package var room: Int { Self.inputCapacity - Int(end - start) }

    /// Notes bytes that were read.
    ///
    /// - Returns: false, and nothing is noted, if there is no room.
    /// - Complexity: O(bytes): one copy.
    package func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return true }
        guard bytes.count <= room else { return false }
        let place = Int((end - ringStart) % UInt64(Self.inputCapacity))
        let first = min(bytes.count, Self.inputCapacity - place)
        ring.baseAddress?.advanced(by: place).copyMemory(from: base, byteCount: first)
        stored()
        if first < bytes.count {
            UnsafeMutableRawBufferPointer(rebasing: ring[..<(bytes.count - first)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[first...]))
            stored()
        }
        highWater = max(highWater, first < bytes.count ? Self.inputCapacity : place + first)
        end += UInt64(bytes.count)
        return true
    }

    /// What is noted and not settled, from ``start`` to ``end``.
    package var unsettled: [UInt8] {
        let place = Int((start - ringStart) % UInt64(Self.inputCapacity))
        let count = Int(end - start)
        let first = min(count, Self.inputCapacity - place)
        return Array(ring[place..<place + first]) + Array(ring[..<(count - first)])
    }

    /// Gives back the pages that a burst has used, if nothing is unsettled now. Costs a system call only then.
    package func giveBack() {
        guard start == end, highWater > Self.keptInput else { return }
        // The state says that there is no input; what the ring holds means nothing to anybody.
        _ = vicinity_give_back(memory + Self.inputOffset + Self.keptInput, Self.inputCapacity - Self.keptInput)
        highWater = 0
    }

    private var ring: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: memory + Self.inputOffset, count: Self.inputCapacity)
    }

    // MARK: - State

    /// Notes where the unsettled input begins, and the state that belongs to it, in one step.
    ///
    /// - Parameters:
    ///   - state: opaque here.
    ///   - start: from the present ``start`` to ``end``.
    /// - Returns: false, and nothing has changed, for a state that is longer than ``longestState``.
    package func note(_ state: [UInt8], start: UInt64) -> Bool {
        precondition(start >= self.start && start <= end, "input is settled once, and only what was read")
        guard state.count <= Self.longestState else { return false }
        let ringStart = start == end ? start : self.ringStart
        flips += 1
        slot.storeBytes(of: start, as: UInt64.self)
        stored()
        slot.storeBytes(of: ringStart, toByteOffset: 8, as: UInt64.self)
        stored()
        slot.storeBytes(of: UInt64(state.count), toByteOffset: 16, as: UInt64.self)
        stored()
        state.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            (slot + Self.slotHeader).copyMemory(from: base, byteCount: bytes.count)
        }
        stored()
        store(flips, Self.currentWord)
        self.start = start
        self.ringStart = ringStart
        return true
    }

    /// The state that was noted last; `nil` before the first.
    package var state: [UInt8]? {
        guard flips > 0 else { return nil }
        return Array(UnsafeRawBufferPointer(start: slot + Self.slotHeader, count: Int(slotWord(16))))
    }

    /// The slot of `flips`.
    private var slot: UnsafeMutableRawPointer { memory + Self.page + (flips % 2 == 0 ? 0 : Self.slotSize) }

    private func slotWord(_ offset: Int) -> UInt64 { slot.load(fromByteOffset: offset, as: UInt64.self) }

    // MARK: - The tail

    /// Leaves the last word of an orderly stop, after the last ``note(_:start:)``: from now on nothing is in doubt.
    ///
    /// - Parameter tail: at least a byte, opaque here.
    package func handOver(_ tail: [UInt8]) throws(NotebookProblem) {
        precondition(!tail.isEmpty, "an empty tail is none")
        var written = 0
        while written < tail.count {
            let count = tail.withUnsafeBytes { bytes in
                pwrite(descriptor.rawValue, bytes.baseAddress.map { $0 + written }, bytes.count - written, off_t(Self.length + written))
            }
            guard count > 0 else { throw .system(operation: "write", code: errno) }
            written += count
            stored()
        }
        store(UInt64(tail.count), Self.tailWord)
    }

    /// What ``handOver(_:)`` has left; `nil` if there was no orderly stop since the last ``begin()``.
    package var tail: [UInt8]? {
        let count = load(Self.tailWord)
        guard count > 0, let length = Int(exactly: count) else { return nil }
        var found = stat()
        guard fstat(descriptor.rawValue, &found) == 0, Int(found.st_size) - Self.length >= length else { return nil }
        var bytes = [UInt8](repeating: 0, count: length)
        var read = 0
        while read < length {
            let count = bytes.withUnsafeMutableBytes { space in
                pread(descriptor.rawValue, space.baseAddress.map { $0 + read }, length - read, off_t(Self.length + read))
            }
            guard count > 0 else { return nil }
            read += count
        }
        return bytes
    }

    /// Begins to write again what another process has written, after all that it left was taken up.
    ///
    /// - Parameter isInDoubt: from now on.
    package func begin(isInDoubt: Bool) {
        // In this order: while there is a tail the doubt says nothing.
        self.isInDoubt = isInDoubt
        store(0, Self.tailWord)
        _ = ftruncate(descriptor.rawValue, off_t(Self.length))
    }

    // MARK: - Memory

    private func load(_ offset: Int) -> UInt64 { vicinity_load_acquire(memory + offset) }

    private func store(_ value: UInt64, _ offset: Int) {
        vicinity_store_release(memory + offset, value)
        stored()
    }
}
