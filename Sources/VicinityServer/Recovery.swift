import VicinityCore
import VicinityStore

/// Puts the engine back to the state of the last commit.
enum Recovery {
    struct Recovered: ~Copyable {
        private let engine: Engine
        let lastCommit: Int64

        init(engine: consuming Engine, lastCommit: Int64) {
            self.engine = engine
            self.lastCommit = lastCommit
        }

        consuming func takeEngine() -> Engine { engine }
    }

    /// Reads everything that the store recovers into a new engine.
    ///
    /// - Throws: ``StartFailure``; a log whose parts contradict one another is refused, never mended.
    static func run(_ store: some LogStore, rules: Rules, hashSeed: UInt64) throws(StartFailure) -> Recovered {
        guard let key = SipHashKey(bytes: store.identity.signOffKey) else {
            throw StartFailure(.store, "the log's sign-off key is not 16 bytes long: the log is damaged")
        }
        var restoration = Restoration(Engine(rules: rules, hashSeed: hashSeed, signOffKey: key))
        var damage: String?
        let head: LogHead
        do {
            head = try store.recover { piece in
                do throws(Restoration.Damaged) {
                    try restoration.take(piece)
                } catch {
                    damage = error.what
                    throw error
                }
            }
        } catch {
            throw StartFailure(.store, damage.map { "the log is damaged: \($0)" } ?? "\(error)")
        }
        let engine: Engine
        do throws(Restoration.Damaged) {
            engine = try restoration.finish()
        } catch {
            throw StartFailure(.store, "the log is damaged: \(error.what)")
        }
        guard engine.head == head.seq else {
            throw StartFailure(.store, "the log is damaged: the state ends at another event than the log")
        }
        return Recovered(engine: engine, lastCommit: head.commit)
    }
}

extension Restoration {
    fileprivate mutating func take(_ piece: VicinityStore.Recovered) throws(Damaged) {
        switch piece {
        case .subject(let row):
            guard let position = Coordinate(latitudeDegrees: row.latitude, longitudeDegrees: row.longitude) else {
                throw Damaged(what: "the register holds a subject that is nowhere on earth")
            }
            subject(slot: row.slot, SubjectPlacement(id: row.id, kind: row.kind, position: position))
        case .signOff(let entry): signOff(entry)
        case .page(let stored): try page(name: stored.index, stored.bytes)
        case .journal(let commit, let bytes): if !bytes.isEmpty { try journal(commit: commit, bytes) }
        }
    }
}
