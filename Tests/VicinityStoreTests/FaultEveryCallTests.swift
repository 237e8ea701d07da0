// Every call that the store makes of the system fails in turn, in every way: first the first, then the second, until there is none left to fail.

import Testing
import VicinityStore

/// One call that fails, or it and all that match after it.
private struct Attempt: CustomStringConvertible {
    let fault: SystemFault
    let nth: Int64
    let times: Int64?
    let disk: Disk
    let image: Workplace

    func plan() { disk.fail(fault.calls, nth: nth, times: times, with: fault.code, written: fault.written) }

    var description: String {
        "\(fault.name), call \(nth)\(times == 1 ? "" : times.map { " and the next up to \($0)" } ?? " and all after it")"
    }

    /// What `body` throws, which has the name that it should have.
    ///
    /// - Parameter checksFile: whether `body` looks for damage: a page that cannot be read is damage too.
    func fault(checksFile: Bool = false, of body: () throws -> Void) throws -> StoreFault? {
        do {
            try body()
            return nil
        } catch let found as StoreFault {
            if checksFile, fault.calls == .read, case .damaged = found { return found }
            #expect(fault.matches(found), "\(self): \(found)")
            return found
        }
    }

    /// What a loss of power would leave now is one of these.
    func checkLoss(_ expected: [Snapshot]) throws {
        try disk.losePower(into: image, seed: UInt64(nth))
        let store = try image.openAfterLoss()
        let found = try Snapshot(of: store)
        #expect(expected.contains(found), "\(self): after a loss of power \(found.recovery.head)")
        #expect(store.renewal == nil)
    }

    /// What the next start finds is one of these.
    ///
    /// - Returns: which.
    @discardableResult
    func checkStart(_ expected: [Snapshot]) throws -> Int? {
        let found = try Snapshot(of: disk.place.open(.power))
        let index = expected.firstIndex(of: found)
        #expect(index != nil, "\(self): the next start finds \(found.recovery.head)")
        return index
    }
}

extension FaultyDiskTests {
    @Suite("Every call to the system fails, alone or with all after it")
    struct EveryCallTests {
        private let log: PreparedLog
        private let root: Workplace

        init() throws {
            log = try PreparedLog()
            root = try Workplace()
        }

        /// Runs `body` with the first call failing, then with the second, and so on, as long as there is one to fail. Where all after it fail
        /// too, a short run takes one in three.
        private func forEachCall(
            of fault: SystemFault, at place: @autoclosure () throws -> Workplace, _ body: (Attempt) throws -> Void
        ) throws {
            // Whoever waits for a lock shall not wait for ever.
            for times in [1, fault.passes ? 6 : nil] as [Int64?] {
                var nth: Int64 = 0
                var hasFailed = true
                while hasFailed {
                    nth += times == 1 || FaultyDiskTests.isLongRun ? 1 : 3
                    hasFailed = try Disk.watching(place(), seed: UInt64(nth)) { disk in
                        try body(Attempt(fault: fault, nth: nth, times: times, disk: disk, image: root.another()))
                        return disk.heal() > 0
                    }
                }
            }
        }

        @Test("A start succeeds or says why not, and the next one finds what was there", arguments: SystemFault.all)
        func open(fault kind: SystemFault) throws {
            try forEachCall(of: kind, at: try log.copy(in: root)) { attempt in
                attempt.plan()
                _ = try attempt.fault(checksFile: true) {
                    let store = try attempt.disk.place.open(.power, busyTimeout: 0)
                    attempt.disk.heal()
                    #expect(try Snapshot(of: store) == log.before, "\(attempt)")
                }
                attempt.disk.heal()
                try attempt.checkLoss([log.before])
                try attempt.checkStart([log.before])
            }
        }

        @Test("A first start succeeds or says why not, and the next one begins an empty log", arguments: SystemFault.all)
        func create(fault kind: SystemFault) throws {
            try forEachCall(of: kind, at: try root.another()) { attempt in
                attempt.plan()
                _ = try attempt.fault { _ = try attempt.disk.place.open(.power, busyTimeout: 0) }
                attempt.disk.heal()
                if attempt.nth.isMultiple(of: 2) { try attempt.checkLoss([log.empty]) } else { try attempt.checkStart([log.empty]) }
            }
        }

        @Test("An append succeeds, or throws and leaves the head", arguments: SystemFault.all)
        func append(fault kind: SystemFault) throws {
            try forEachCall(of: kind, at: try log.copy(in: root)) { attempt in
                let store = try attempt.disk.place.open(.power, busyTimeout: 0)
                attempt.plan()
                let fault = try attempt.fault { try store.append(log.next) }
                attempt.disk.heal()
                guard let fault else {
                    #expect(store.head == log.afterAppend.recovery.head)
                    try attempt.checkLoss([log.afterAppend])
                    return
                }
                #expect(store.head == log.before.recovery.head, "\(attempt)")
                #expect(try Snapshot(of: store) == log.before, "\(attempt)")
                if fault.mayPass {
                    try store.append(log.next)
                    #expect(try Snapshot(of: store) == log.afterAppend, "\(attempt)")
                    try attempt.checkLoss([log.afterAppend])
                    try attempt.checkStart([log.afterAppend])
                } else {
                    try refuses(store, fault, attempt)
                    try attempt.checkLoss([log.before, log.afterAppend])
                    if attempt.nth.isMultiple(of: 2) { #expect(throws: fault) { try store.close() } }
                    try attempt.checkStart([log.before, log.afterAppend])
                }
            }
        }

        /// Nothing is written any more, and the same is told each time.
        private func refuses(_ store: SQLiteStore, _ fault: StoreFault, _ attempt: Attempt) throws {
            let written = attempt.disk.count([.write, .truncate, .sync])
            #expect(throws: fault) { try store.append(log.next) }
            #expect(throws: fault) { try store.retain(log.retention) }
            #expect(attempt.disk.count([.write, .truncate, .sync]) == written, "\(attempt)")
        }

        @Test("A step of retention succeeds, or throws and can be repeated", arguments: SystemFault.all)
        func retain(fault kind: SystemFault) throws {
            try forEachCall(of: kind, at: try log.copy(in: root)) { attempt in
                let store = try attempt.disk.place.open(.power, busyTimeout: 0)
                attempt.plan()
                let fault = try attempt.fault { _ = try store.retain(log.retention) }
                attempt.disk.heal()
                if let fault, !fault.mayPass {
                    try refuses(store, fault, attempt)
                    try attempt.checkLoss([log.before, log.amidRetention, log.afterRetention])
                    try attempt.checkStart([log.before, log.amidRetention, log.afterRetention])
                } else {
                    _ = try store.retain(log.retention)
                    #expect(try Snapshot(of: store) == log.afterRetention, "\(attempt)")
                    try attempt.checkLoss([log.afterRetention])
                }
            }
        }

        @Test("An end succeeds or says why not, and the next start finds what was there", arguments: SystemFault.all)
        func close(fault kind: SystemFault) throws {
            try forEachCall(of: kind, at: try log.copy(in: root)) { attempt in
                let store = try attempt.disk.place.open(.power, busyTimeout: 0)
                attempt.plan()
                _ = try attempt.fault { try store.close() }
                attempt.disk.heal()
                try attempt.checkLoss([log.before])
                try attempt.checkStart([log.before])
            }
        }

        @Test("A reader whose call failed reads the next time", arguments: SystemFault.others)
        func read(fault kind: SystemFault) throws {
            try forEachCall(of: kind, at: try log.copy(in: root)) { attempt in
                let store = try attempt.disk.place.open(.power, busyTimeout: 0)
                attempt.plan()
                _ = try attempt.fault { _ = try store.blocks(after: 0, maxBytes: .max) }
                attempt.disk.heal()
                #expect(try Snapshot(of: store) == log.before, "\(attempt)")
                try store.append(log.next)
                #expect(try Snapshot(of: store) == log.afterAppend, "\(attempt)")
            }
        }
    }
}
