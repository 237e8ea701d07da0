// How much memory, how many threads and how many descriptors the daemon may come to need: every queue at its bound, added up.
//
// None of this is reserved. It is what a daemon takes when all who are connected do their worst at the same moment, on top of what it knows of users
// and subjects, which has no bound but who sends and what is registered. `MemoryHigh=`, `TasksMax=` and `LimitNOFILE=` of the unit follow from it,
// and a test holds them to it; whoever has fewer clients or more users adds up anew (docs/performance.md).

import VicinityCore
import VicinityPipeline
import VicinitySystem
import VicinityTransport

/// The sums.
enum Bounds {
    // MARK: - Of queues

    /// Bytes of decoded lines that wait for the engine. Each gateway may lay one batch more on top (``batch``).
    static let inbox = 8 << 20

    /// Bytes of an operator's request.
    static let controlLine = 4 << 20

    /// Bytes of a line of a subscriber.
    static let eventsLine = 64 << 10

    /// Lines in a batch: what one step of the engine does at the most.
    static let batchLines = 4096

    /// A gateway's batch: its fixes, and the ids in it, which were in one read.
    static let batch = batchLines * MemoryLayout<Fix>.stride + read

    /// One read of a connection, which is asked for only while nothing that was read is left.
    static let read = SocketServer.Options().largestRead

    /// What a connection may have queued before it is no longer written to.
    static let output = SocketServer.Options().writeHighWaterMark

    // MARK: - Of each

    /// A gateway: what was read and its batch, both also where half a line of it is kept; answers that wait to be written, and that wait for the
    /// socket; and what the next process would go on from.
    static let gateway = 2 * read + batch + 64 << 10 + output + notebook

    /// A subscriber: half a line, a piece of the log as it was read and as lines, which are three to five times as long, and what waits for
    /// the socket; and what the next process would go on from.
    static let subscriber = eventsLine + 6 * EventsConversation.pieceSize + output + notebook

    /// An operator: a request, what was made of it while it waits for its commit, and its answer.
    static let operatorAtWork = 3 * controlLine

    /// What is kept of a connection for the process after this one.
    static let notebook = Notebook.length

    /// A user with open pairs, as measured (docs/performance.md), in tables that are about to grow.
    static let user = 2 * 250

    /// A subject in the grid and in an edition that is being brought, in tables that are about to grow.
    static let subject = 2 * 2 * 250

    /// Mutes and limits of a user who is watched for following, at the most: the follow guard's places and the subjects of
    /// `privacy.subjects_per_user` with their times, for one user in ten.
    static let limitsOfUser = 200 * 24 / 10

    /// A user on the map: in a census as it is taken, as it is sorted, and in a cell of their own; likewise a subject, with its kind.
    static let mappedUser = 4 + 4 + 24
    static let mappedSubject = 8 + 16 + 24

    // MARK: - Sums

    /// One line of the sum.
    struct Part: Equatable {
        var name: String
        var bytes: Int
    }

    /// The memory that may be needed, by what needs it, in bytes.
    ///
    /// - Parameters:
    ///   - connections: `limits.connections`, each doing the worse of what gateways and subscribers can do.
    static func memory(connections: Int, users: Int, subjects: Int) -> [Part] {
        [
            // The code, the stacks of the threads, the allocator's own.
            Part(name: "program", bytes: 96 << 20),
            Part(name: "inbox", bytes: inbox),
            // The open commit, the one at the store, and the latter once more as the database's bytes; each may grow by one request past its bound.
            Part(name: "commits", bytes: 3 * (Writer.greatestCommit + controlLine)),
            // Its blocks, and their lines, three to five times as long.
            Part(name: "feed", bytes: 6 * Feed.memory),
            // The writer's page cache, those of four readers, sorting, and the index of the WAL.
            Part(name: "database", bytes: 32 << 20),
            // What may be asked for after a leave, and the log's end that it is filled from at the start.
            Part(name: "recent leaves", bytes: (8 + 32) << 20),
            Part(name: "operators", bytes: Descriptors.operators * operatorAtWork),
            Part(name: "connections", bytes: connections * max(gateway, subscriber)),
            Part(name: "users", bytes: users * (user + limitsOfUser)),
            Part(name: "subjects", bytes: subjects * subject),
            // In tables that are about to grow; the last groups hang while new ones are made.
            Part(name: "map", bytes: 2 * (users * mappedUser + subjects * mappedSubject)),
        ]
    }

    /// The threads that may run at once.
    ///
    /// - Parameter processors: of the machine; the tasks' threads are as many.
    static func threads(processors: Int) -> Int {
        // The first one, the engine's, the store's, what copies the WAL, the watchdog's, the manager's, two readers of the log for control and subscribers, the file's
        // warmer at the start, whoever asks the disk how much is free.
        let own = 10
        return own + loops(processors: processors) + processors
    }

    /// Event loops.
    static func loops(processors: Int) -> Int { max(2, min(4, processors)) }
}
