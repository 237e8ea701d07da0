import Synchronization
import VicinityCore
import VicinityPipeline

/// The map as of the last census, for all who ask.
///
/// There is a census only when somebody asks, and every ten seconds at most: so much is a pass over everybody worth, and who watches sees what
/// changed in ten seconds, and not who crossed a line at which moment. What is kept between is what may be told (``MapRelease``).
final class MapBoard: Sendable {
    /// What hangs here.
    struct Sheet: Sendable {
        let release: MapRelease
        /// When it was counted.
        let time: ClockReading
    }

    /// How long a sheet hangs, in milliseconds.
    static let age: Int64 = 10_000

    typealias Use = @Sendable (Sheet?) -> Void

    private struct State {
        var sheet: Sheet?
        /// Those for whom a census is taken; empty if none is.
        var waiting: [Use] = []
    }

    private let state = Mutex(State())

    /// Calls `use` once, at once or when there is a new sheet; with `nil` if there will be none, because the daemon stops.
    ///
    /// - Parameters:
    ///   - floor: `privacy.map_floor` as of now.
    ///   - now: the present.
    ///   - count: asks for a census; answers false if none can be taken any more.
    ///   - apart: runs something where it may take a tenth of a second; answers false if it cannot.
    func look(
        floor: @escaping @Sendable () -> Int, now: @escaping @Sendable () -> ClockReading, count: (Reply<Census>) -> Bool,
        apart: @escaping @Sendable (@escaping @Sendable () -> Void, _ otherwise: @escaping @Sendable () -> Void) -> Void,
        _ use: @escaping Use
    ) {
        let (steady, present) = (now().steady, floor())
        let (sheet, isFirst): (Sheet?, Bool) = state.withLock { state in
            if let sheet = state.sheet, sheet.release.floor == present, steady - sheet.time.steady < Self.age { return (sheet, false) }
            state.waiting.append(use)
            return (nil, state.waiting.count == 1)
        }
        if let sheet { return use(sheet) }
        guard isFirst else { return }
        let reply = Reply<Census> { census in
            apart({ self.hang(Sheet(release: MapRelease(census, floor: floor()), time: now())) }, { self.hang(nil) })
        }
        if !count(reply) { hang(nil) }
    }

    private func hang(_ sheet: Sheet?) {
        let waiting = state.withLock { state in
            state.sheet = sheet
            defer { state.waiting = [] }
            return state.waiting
        }
        for use in waiting { use(sheet) }
    }
}
