// Histories of the register, drawn from a seed, against dictionaries: put and removed, staged, discarded, swapped, settled, with ends of
// the process in between.

import Foundation
import Testing
import VicinityCore
import VicinityStore

/// The register as anybody would write it down.
private struct Ledger {
    var live: [UInt32: SubjectRow] = [:]
    var staged: [UInt32: SubjectRow]?
    var departing: [UInt32: SubjectRow]?
    var swappedAt: Int64 = 0
    private var random: Seeded

    init(seed: UInt64) { random = Seeded(seed) }

    mutating func draw(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    /// The next commit, already done here. Changes of the register come before a swap, as the store takes them.
    mutating func commit(_ number: Int64) -> Commit {
        var commit = Commit(number: number, wallTime: number)
        for _ in 0..<draw(0..<4) {
            if draw(0..<4) == 0, let slot = live.keys.sorted().randomElement(using: &random) {
                commit.register.append(.remove(slot: slot))
                live[slot] = nil
            } else {
                let row = row(number)
                commit.register.append(.put(row))
                live[row.slot] = row
            }
        }
        for _ in 0..<draw(0..<8) { commit.edition += change(number).map { [$0] } ?? [] }
        return commit
    }

    private mutating func change(_ number: Int64) -> EditionChange? {
        guard staged != nil else {
            switch draw(0..<4) {
            case 0:
                staged = [:]
                return .begin
            case 1:
                departing = nil
                return .settled
            default: return nil
            }
        }
        switch draw(0..<24) {
        case 0:
            staged = [:]
            return .begin
        case 1:
            staged = nil
            return .discard
        case 2 where departing == nil:
            (departing, live, staged, swappedAt) = (live, staged ?? [:], nil, number)
            return .swap(at: number)
        case 3:
            departing = nil
            return .settled
        case 4...7:
            let slot = UInt32(draw(0..<40))
            staged?[slot] = nil
            return .remove(slot: slot)
        default:
            let row = row(number)
            staged?[row.slot] = row
            return .put(row)
        }
    }

    /// A subject under the slot that its id has in any edition, or under one that none has.
    private mutating func row(_ number: Int64) -> SubjectRow {
        let id = "id-\(draw(0..<40))"
        let known = [live, staged ?? [:], departing ?? [:]]
        let slot = known.lazy.flatMap(\.values).first { $0.id == Array(id.utf8) }?.slot
        let free = (UInt32(0)...).first { slot in known.allSatisfy { $0[slot] == nil } }
        var row = subject(slot ?? free ?? 0, id, kind: ["toll", "fuel", nil][draw(0..<3)])
        row.name = "of commit \(number)"
        row.latitude = Double(draw(-90..<90))
        return row
    }

    /// What recovery gives.
    var pieces: [Recovered] {
        var pieces = live.values.sorted { $0.slot < $1.slot }.map { Recovered.subject($0) }
        if let departing {
            pieces.append(.swap(at: swappedAt))
            pieces += departing.values.sorted { $0.slot < $1.slot }.filter { live[$0.slot] == nil }.map { .departing($0) }
        }
        return pieces
    }

    var rows: Int { live.count + (departing?.count ?? 0) }

    func page(after id: [UInt8], limit: Int, kind: [UInt8]?) -> [SubjectRow] {
        let sorted = live.values.sorted { $0.id.lexicographicallyPrecedes($1.id) }
        return Array(sorted.filter { id.lexicographicallyPrecedes($0.id) && (kind == nil || $0.kind == kind) }.prefix(limit))
    }
}

struct EditionHistoryTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private func compare(_ store: some LogStore & RegisterReader, _ ledger: inout Ledger, _ story: Comment) throws {
        let items = try Recovery(of: store).items
        #expect(Array(items.prefix(ledger.pieces.count)) == ledger.pieces, story)
        let isRest = items.dropFirst(ledger.pieces.count).allSatisfy { if case .journal = $0 { true } else { false } }
        #expect(isRest, story)
        let id = Array("id-\(ledger.draw(0..<40))".utf8)
        #expect(try store.subject(id: id) == ledger.live.values.first { $0.id == id }, story)
        let kind = [Array("toll".utf8), Array("fuel".utf8), nil][ledger.draw(0..<3)]
        let limit = ledger.draw(1..<12)
        #expect(try store.subjects(after: id, limit: limit, kind: kind) == ledger.page(after: id, limit: limit, kind: kind), story)
    }

    @Test(arguments: UInt64(0)..<40)
    func theStoreOnDisk(seed: UInt64) throws {
        var place = place
        var store = try place.open()
        var ledger = Ledger(seed: seed)
        for number in Int64(1)...80 {
            try store.append(ledger.commit(number))
            try compare(store, &ledger, "seed \(seed), commit \(number)")
            switch ledger.draw(0..<12) {
            case 0:
                try store.close()
                store = try place.open()
                ledger.staged = nil
            case 1:
                place = try place.crashed(in: self.place)
                store = try place.open()
                ledger.staged = nil
            case 2...4: _ = try store.retain(Retention())
            default: continue
            }
            try compare(store, &ledger, "seed \(seed), after commit \(number)")
        }
        try store.close()
        store = try place.open()
        while try !store.retain(Retention()).isSwept {}
        try store.close()
        #expect(try place.registerRows() == ledger.rows, "seed \(seed)")
        #expect(try Inspection(directory: place.path).integrity() == [], "seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<40)
    func theStoreInMemory(seed: UInt64) throws {
        var store = memoryStore()
        var ledger = Ledger(seed: seed)
        for number in Int64(1)...80 {
            try store.append(ledger.commit(number))
            if ledger.draw(0..<6) == 0 {
                store = MemoryStore(store.contents, auditKey: .ofTheTests)
                ledger.staged = nil
            }
            try compare(store, &ledger, "seed \(seed), commit \(number)")
        }
    }

    /// A log that is put together from what an inspection of another one gives holds the same.
    @Test(arguments: UInt64(0)..<10)
    func anAssembly(seed: UInt64) throws {
        let store = try place.open()
        var ledger = Ledger(seed: seed)
        var number: Int64 = 0
        while number < 40 || ledger.departing == nil {
            number += 1
            try store.append(ledger.commit(number))
        }
        let target = try place.another()
        let assembly = try Assembly(directory: target.path)
        func take(_ piece: Result<Recovered, StoreFault>) throws { try assembly.add(piece.get()) }
        try Inspection(directory: place.path).forEach(take)
        _ = try assembly.finish(head: store.head, neededFrom: 1, wallTime: 0)
        #expect(try target.registerRows() == ledger.pieces.count - 1)
        let opened = try target.open()
        #expect(try Recovery(of: opened) == Recovery(of: store), "seed \(seed)")
        ledger.staged = nil
        for next in number + 1..<number + 20 {
            try opened.append(ledger.commit(next))
            let live = ledger.pieces.filter { if case .subject = $0 { true } else { false } }
            #expect(try Recovery(of: opened).items.starts(with: live), "seed \(seed), commit \(next)")
        }
    }
}
