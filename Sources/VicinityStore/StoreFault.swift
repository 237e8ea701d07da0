// What can go wrong with the store. None of it is anybody's answer: each is a fault of the machine or of the installation,
// told to the operator in a sentence that names the path, what happened and what to do.

/// Why the store could not do its work.
package enum StoreFault: Error, Sendable, Equatable {
    /// The file could not be opened or created.
    case cannotOpen(path: String, reason: String)
    /// The file or its directory is read-only, for us or for everybody.
    case notWritable(path: String, reason: String)
    /// The file is not a database.
    case notADatabase(path: String)
    /// The file is a database of another program.
    case foreign(path: String)
    /// The file was written by a newer version.
    case newerSchema(path: String, found: Int, known: Int)
    /// What is in the file contradicts itself.
    case damaged(path: String, what: String)
    /// No space, or over a quota.
    case diskFull(path: String)
    /// Another program holds the database for longer than we wait.
    case locked(path: String)
    /// The system failed to read, write or sync.
    case inputOutput(path: String, reason: String)
    /// The store was closed before.
    case closed(path: String)
    /// The commit contradicts the database: a fault of the program.
    case refused(path: String, reason: String)

    /// Whether trying the same again is honest: the cause lies outside and nothing is in doubt.
    ///
    /// A failed sync or write is never tried again, for what the system has then dropped nobody knows.
    package var mayPass: Bool {
        switch self {
        case .diskFull, .locked: true
        case .cannotOpen, .notWritable, .notADatabase, .foreign, .newerSchema, .damaged, .inputOutput, .closed, .refused: false
        }
    }
}

extension StoreFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "cannot open \(path): \(reason)"
        case .notWritable(let path, let reason):
            "cannot write \(path): \(reason); the directory and the files in it must belong to the user that vicinityd runs as"
        case .notADatabase(let path):
            "\(path) is not a database; it was left as it is. Move it away to begin with an empty log, or restore a backup"
        case .foreign(let path):
            "\(path) is a database of another program; it was left as it is. Choose another state directory"
        case .newerSchema(let path, let found, let known):
            "\(path) was written by a newer version (schema \(found), this version knows up to \(known)); it was left as it is. "
                + "Install that version again, or restore a backup of before"
        case .damaged(let path, let what):
            "\(path) is damaged: \(what). It is not repaired in silence: vicinityctl doctor \(Self.directory(of: path)) says what is wrong, "
                + "and doctor --salvage saves what can be saved; or restore a backup"
        case .diskFull(let path):
            "no space left to write \(path); free some, or lower delivery.retention"
        case .locked(let path):
            "\(path) is locked by another program; end what has it open (fuser \(path) names it)"
        case .inputOutput(let path, let reason):
            "the system failed on \(path): \(reason). Look at the kernel's log and the disk, then start again"
        case .closed(let path):
            "\(path) is closed already"
        case .refused(let path, let reason):
            "\(path) refused a commit: \(reason). This is a fault of the program; please report it"
        }
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
