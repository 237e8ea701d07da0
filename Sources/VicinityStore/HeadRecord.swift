// What the log has announced, written beside the database by other means than the database's own: so that a start notices if commits are
// missing that were durable. A WAL that was cut off looks to SQLite like one that was never longer, and an older copy of the file like
// the file.
//
// The record is 88 bytes, numbers little-endian:
//
//     "vicinity" · u8 version (1) · u8 durability (0 process, 1 power) · 6 zeros · 32 bytes log id · 16 bytes boot id (zeros: unknown)
//     · i64 commit · i64 seq · u64 XXH64 of all before, with the seed 8
//
// It claims that this commit and all before it were durable, as far as the durability goes: `process` means as long as the machine is not
// started anew. It is never ahead of the database, since it is written after the commit; one that lags, or is torn or missing, claims less
// or nothing, and is no fault. That is why it need not be synced, and why a failure to write it is ignored.

import Glibc

/// The contents of the head file.
package struct HeadRecord: Sendable, Equatable {
    package static let fileName = "vicinity.head"
    static let size = 88
    private static let version: UInt8 = 1

    /// 32 bytes of text.
    package var logID: String
    /// The last commit that was announced.
    package var head: LogHead
    /// Which start of the machine it was written in; `nil` if that is not known.
    package var bootID: BootID?
    /// What the commit was promised to survive.
    package var durability: Durability

    package init(logID: String, head: LogHead, bootID: BootID?, durability: Durability) {
        self.logID = logID
        self.head = head
        self.bootID = bootID
        self.durability = durability
    }

    /// - Returns: `nil` if the bytes are not a whole record of this version.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size, bytes.starts(with: "vicinity".utf8), bytes[8] == Self.version, bytes[9] <= 1,
            Self.number(bytes[80...]) == Self.checksum(bytes)
        else { return nil }
        logID = String(decoding: bytes[16..<48], as: UTF8.self)
        head = LogHead(commit: Int64(bitPattern: Self.number(bytes[64...])), seq: Int64(bitPattern: Self.number(bytes[72...])))
        bootID = BootID(bytes: Array(bytes[48..<64]))
        durability = bytes[9] == 1 ? .power : .process
    }

    package var bytes: [UInt8] {
        var bytes = Array("vicinity".utf8) + [Self.version, durability == .power ? 1 : 0, 0, 0, 0, 0, 0, 0]
        bytes += logID.utf8.prefix(32)
        bytes += repeatElement(0, count: 48 - bytes.count)
        bytes += bootID?.bytes ?? [UInt8](repeating: 0, count: 16)
        for number in [head.commit, head.seq] { Swift.withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
        Swift.withUnsafeBytes(of: Self.checksum(bytes).littleEndian) { bytes += $0 }
        return bytes
    }

    /// What the head file of a directory says.
    ///
    /// - Returns: `nil` if there is none, or none that is whole.
    package static func read(directory: String) -> HeadRecord? {
        SmallFile.read("\(directory)/\(fileName)", atMost: size + 1).flatMap { HeadRecord($0) }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.prefix(80).withUnsafeBytes { XXH64.hash($0, seed: 8) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension HeadRecord {
    /// What a record says of a database.
    package enum Verdict: Sendable, Equatable {
        /// Nothing is known to be missing.
        case agrees
        /// The database was closed well before the commits that were announced: an older copy is in its place.
        case isOlderCopy
        /// Commits are missing that `durability: process` does not promise over a loss of power.
        case lostWithPower
        /// Commits are missing that cannot be missing.
        case cutOff
    }

    /// Compares with a database.
    ///
    /// - Parameters:
    ///   - found: what the database ends with.
    ///   - wasClean: whether the last run closed it.
    ///   - bootID: of now.
    package func verdict(on found: LogHead, of logID: String, wasClean: Bool, bootID: BootID?) -> Verdict {
        guard logID == self.logID, head.commit > found.commit else { return .agrees }
        if wasClean { return .isOlderCopy }
        let isSameBoot = bootID != nil && bootID == self.bootID
        return isSameBoot || durability == .power ? .cutOff : .lostWithPower
    }
}

/// The open head file: rewritten in place, by one call, after each commit.
struct HeadFile: ~Copyable {
    /// −1 if the file cannot be had: the log works without it.
    private let descriptor: CInt

    init(directory: String) {
        descriptor = Glibc.open("\(directory)/\(HeadRecord.fileName)", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor >= 0 { _ = fchmod(descriptor, 0o600) }
    }

    deinit { if descriptor >= 0 { _ = Glibc.close(descriptor) } }

    /// Waits until the device has what was written.
    ///
    /// - Returns: 0, or the `errno` of what went wrong.
    func sync() -> CInt {
        guard descriptor >= 0 else { return EBADF }
        return fdatasync(descriptor) == 0 ? 0 : errno
    }

    /// - Returns: 0, or the `errno` of what went wrong.
    /// - Complexity: one `pwrite` of 88 bytes, about 1 µs.
    @discardableResult
    func write(_ record: HeadRecord) -> CInt {
        guard descriptor >= 0 else { return EBADF }
        return record.bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) } < 0 ? errno : 0
    }
}
