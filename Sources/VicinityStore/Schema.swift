// The tables, and how they came to be: `PRAGMA user_version` counts the migrations that a file has had. They only go forward.
//
// docs/log-format.md describes each column for whoever reads the file without us; the two change together.

import GRDB

enum Schema {
    /// "VCNT": what `PRAGMA application_id` says of our files.
    static let applicationID: Int64 = 0x5643_4E54

    /// The version that this program writes.
    static var version: Int { migrations.count }

    /// What recovery reads as a whole. A row that a damaged page hides is missed by no checksum, so that these are checked at every start;
    /// a block that is hidden is a gap between its neighbours, and readers notice.
    static func stateTables(version: Int) -> [String] {
        ["meta", "commits", "pages", "subjects", "sign_offs", "cursors"] + (version < 4 ? [] : ["reports", "suspensions"])
    }

    /// The bytes of a page of the file.
    static let pageSize = 4096

    /// The n-th brings a file from version n to n + 1, in one transaction. One that was ever released is never edited.
    static let migrations = [first, second, third, fourth, fifth]

    /// Brings a file up to ``version``.
    ///
    /// - Throws: what SQLite throws; the file is then at some version between the two, and whole.
    static func migrate(_ database: Database, from found: Int) throws {
        for (index, migration) in migrations.enumerated().dropFirst(found) {
            try database.inTransaction(.immediate) {
                try database.execute(sql: migration)
                try database.execute(sql: "PRAGMA user_version = \(index + 1)")
                return .commit
            }
        }
    }

    private static let first = """
        PRAGMA application_id = \(applicationID);

        CREATE TABLE meta (
            key TEXT PRIMARY KEY,
            value BLOB NOT NULL,
            checksum INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE commits (
            number INTEGER PRIMARY KEY,
            head INTEGER NOT NULL,
            needed_from INTEGER NOT NULL,
            wall_time INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            journal BLOB
        ) STRICT;

        CREATE TABLE blocks (
            first_seq INTEGER PRIMARY KEY,
            last_seq INTEGER NOT NULL,
            wall_time INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            bytes BLOB NOT NULL
        ) STRICT;

        CREATE TABLE pages (
            number INTEGER PRIMARY KEY,
            checksum INTEGER NOT NULL,
            bytes BLOB NOT NULL
        ) STRICT;

        CREATE TABLE subjects (
            slot INTEGER PRIMARY KEY,
            id BLOB NOT NULL UNIQUE,
            kind BLOB,
            latitude REAL NOT NULL,
            longitude REAL NOT NULL,
            precision REAL,
            valid_from INTEGER,
            valid_until INTEGER,
            checksum INTEGER NOT NULL,
            name TEXT,
            details TEXT
        ) STRICT;
        CREATE INDEX subjects_by_kind ON subjects (kind, id) WHERE kind IS NOT NULL;

        CREATE TABLE sign_offs (
            hash INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            until INTEGER NOT NULL,
            checksum INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX sign_offs_by_until ON sign_offs (until);

        CREATE TABLE cursors (
            name BLOB PRIMARY KEY,
            acked INTEGER NOT NULL,
            checksum INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Cursors say when they were last moved. Nothing wrote any before.
    private static let second = """
        DROP TABLE cursors;
        CREATE TABLE cursors (
            name BLOB PRIMARY KEY,
            acked INTEGER NOT NULL,
            wall_time INTEGER NOT NULL,
            checksum INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Sign-offs bring what limits a return, and the register comes in editions. What there was is generation 0, whose keys are the slots;
    /// the checksums of all rows stay what they were.
    private static let third = """
        ALTER TABLE sign_offs ADD COLUMN limits BLOB;

        ALTER TABLE subjects RENAME TO old_subjects;
        CREATE TABLE subjects (
            key INTEGER PRIMARY KEY,
            id BLOB NOT NULL,
            kind BLOB,
            latitude REAL NOT NULL,
            longitude REAL NOT NULL,
            precision REAL,
            valid_from INTEGER,
            valid_until INTEGER,
            checksum INTEGER NOT NULL,
            name TEXT,
            details TEXT,
            generation INTEGER NOT NULL AS (key >> 32) VIRTUAL,
            slot INTEGER NOT NULL AS (key & 4294967295) VIRTUAL
        ) STRICT;
        INSERT INTO subjects (key, id, kind, latitude, longitude, precision, valid_from, valid_until, checksum, name, details)
            SELECT slot, id, kind, latitude, longitude, precision, valid_from, valid_until, checksum, name, details
            FROM old_subjects ORDER BY slot;
        DROP TABLE old_subjects;
        CREATE UNIQUE INDEX subjects_by_id ON subjects (generation, id);
        CREATE INDEX subjects_by_kind ON subjects (generation, kind, id) WHERE kind IS NOT NULL;
        """

    /// The audit log, whose chain ends in the newest commit; reports and suspensions.
    private static let fourth = """
        ALTER TABLE commits ADD COLUMN audit BLOB;

        CREATE TABLE audit (
            number INTEGER PRIMARY KEY,
            wall_time INTEGER NOT NULL,
            uid INTEGER NOT NULL,
            gid INTEGER NOT NULL,
            pid INTEGER NOT NULL,
            method TEXT NOT NULL,
            user INTEGER,
            subject BLOB,
            purpose TEXT,
            outcome TEXT NOT NULL,
            fields BLOB,
            detail TEXT,
            hash BLOB NOT NULL,
            checksum INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE reports (
            number INTEGER PRIMARY KEY,
            wall_time INTEGER NOT NULL,
            user BLOB,
            subject BLOB NOT NULL,
            kind TEXT NOT NULL,
            text TEXT,
            counts_until INTEGER,
            resolved_at INTEGER,
            outcome TEXT,
            note TEXT,
            checksum INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX reports_by_user ON reports (user) WHERE user IS NOT NULL;
        CREATE INDEX reports_open ON reports (number) WHERE resolved_at IS NULL;

        CREATE TABLE suspensions (
            key INTEGER PRIMARY KEY,
            subject BLOB NOT NULL,
            source INTEGER NOT NULL,
            reason TEXT NOT NULL,
            wall_time INTEGER NOT NULL,
            checksum INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX suspensions_by_subject ON suspensions (subject, source);
        """

    /// Subjects that are shown at the centre of a cell. Those that are there are shown where they were put, and their checksums stay.
    private static let fifth = """
        ALTER TABLE subjects ADD COLUMN shown_precision REAL;
        ALTER TABLE subjects ADD COLUMN shown_latitude INTEGER;
        ALTER TABLE subjects ADD COLUMN shown_longitude INTEGER;
        """
}
