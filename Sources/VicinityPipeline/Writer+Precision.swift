import VicinityCore
import VicinityStore

// The key that the cells of subjects follow from, and how subjects go from one key to another: by a rotation that an operator asks for, or
// because a start has found another secret. Either is a sweep over the register in slices between other work, as a swap is. Each row says
// where its subject is shown, so that a crash in the middle changes nothing, and the next start sweeps on from the beginning.

/// Why a rotation was not begun.
package enum RotationRefusal: Error, Sendable, Equatable {
    /// Another rotation is under way, or an edition of the register is staged or not settled.
    case inUse
}

/// Whether the subjects of a log stand by the key of this start.
package enum PrecisionStart: Sendable, Equatable {
    /// They do, or none of them needs a key.
    case stands
    /// The secret is another one than that by which they were put: they go to their new centres.
    case keyChanged
    /// A rotation was cut short, and goes on.
    case rotationGoesOn
}

/// The key in force, and how far the subjects have come to it.
package struct PrecisionDesk: Sendable {
    private let key: PrecisionKey
    private var salt: [UInt8]
    /// What the log says of the key that all subjects stand by.
    private var standing: [UInt8]?
    /// The slot with which the sweep goes on; `nil` if there is none.
    private(set) var next: UInt32?
    /// What to say when all subjects stand at their new centres.
    private var whenDone: (@Sendable (Int) -> Void)?
    /// Subjects that the sweep has moved.
    private var moved = 0
    /// When the next slice may be worked out, on the steady clock, in milliseconds.
    private(set) var nextSlice = Int64.min

    init(_ key: PrecisionKey) {
        self.key = key
        salt = []
    }

    /// What the cells follow from.
    var cells: PrecisionKey.Cells { key.cells(under: salt) }
    var isSweeping: Bool { next != nil }
    /// What the log is to keep.
    var state: PrecisionState { PrecisionState(salt: salt, fingerprint: standing) }

    /// Takes what the log keeps.
    mutating func take(_ state: PrecisionState) {
        salt = state.salt
        standing = state.fingerprint
    }

    /// Begins a sweep if the subjects of the log stand by another key.
    ///
    /// - Parameter isNeeded: whether the register has subjects that a key matters to.
    mutating func start(isNeeded: Bool) -> PrecisionStart {
        guard standing != cells.fingerprint else { return .stands }
        guard isNeeded else {
            standing = nil
            return .stands
        }
        next = 0
        return standing == nil ? .rotationGoesOn : .keyChanged
    }

    /// Takes another salt, and begins the sweep.
    mutating func rotate(to salt: [UInt8], _ whenDone: @escaping @Sendable (Int) -> Void) {
        self.salt = salt
        standing = nil
        next = 0
        moved = 0
        self.whenDone = whenDone
    }

    /// Notes that a subject was put that needs the key.
    ///
    /// - Returns: whether the log must keep something that it did not.
    mutating func note() -> Bool {
        // Of a key that not all stand by nothing is said.
        guard !isSweeping, standing == nil else { return false }
        standing = cells.fingerprint
        return true
    }

    /// Notes a slice of the sweep.
    ///
    /// - Returns: what to say if it was the last.
    mutating func advance(_ moved: Int, next: UInt32?, now: Int64) -> (@Sendable () -> Void)? {
        self.moved += moved
        self.next = next
        // Half of the time is left for others.
        nextSlice = now + 4
        guard next == nil else { return nil }
        standing = cells.fingerprint
        guard let tell = whenDone else { return nil }
        whenDone = nil
        return { [count = self.moved] in tell(count) }
    }
}

extension Writer {
    /// Begins a rotation.
    ///
    /// - Parameter salt: 16 random bytes, never used before.
    mutating func rotate(
        to salt: [UInt8], for peer: AuditEntry.Peer, _ reply: Reply<Result<Int, RotationRefusal>>, now: ClockReading
    ) {
        guard engine.canStage, !precision.isSweeping else {
            open.replies.append { reply.send(.failure(.inUse)) }
            return
        }
        precision.rotate(to: salt) { reply.send(.success($0)) }
        engine.takePrecisionKey(precision.cells.key)
        open.commit.precision = precision.state
        audit("privacy.rotate_key", for: peer, outcome: .begun, now: now)
        sweepPrecision(now: now)
    }

    /// Works out a slice of the sweep, now and then, so that batches have their turn.
    mutating func advancePrecision(to now: ClockReading) {
        // What a commit with a swap would say of a row belongs to the edition that departs.
        guard precision.isSweeping, now.steady >= precision.nextSlice, engine.canStage, !isFull else { return }
        sweepPrecision(now: now)
    }

    private mutating func sweepPrecision(now: ClockReading) {
        guard let first = precision.next else { return }
        let (moved, next) = engine.regrid(from: first, slice, now: now, into: &changes)
        for slot in moved {
            guard let place = engine.shownPlace(of: slot) else { continue }
            open.commit.register.append(.show(slot: slot, place))
        }
        open.size += moved.count * 256
        let word = precision.advance(moved.count, next: next, now: now.steady)
        if next == nil { open.commit.precision = precision.state }
        if let word { open.replies.append(word) }
        open.isEmpty = false
        collect(now: now)
    }

    /// Notes that subjects were put.
    mutating func notePrecision(of rows: [SubjectRow]) {
        guard rows.contains(where: { $0.shown != nil }), precision.note() else { return }
        open.commit.precision = precision.state
    }
}
