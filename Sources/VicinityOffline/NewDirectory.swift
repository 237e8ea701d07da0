// Where a salvage puts what it saves: a directory that holds nothing else.

internal import Glibc
internal import VicinityStore

struct NewDirectory {
    let path: String

    private var database: String { "\(path)/\(SQLiteStore.fileName)" }

    /// Makes the directory, or sees that it is empty.
    func make() throws(Salvage.Failure) {
        if mkdir(path, 0o700) == 0 { return }
        guard errno == EEXIST else { throw Salvage.Failure(description: "cannot make \(path): \(String(cString: strerror(errno)))") }
        guard let directory = opendir(path) else {
            throw Salvage.Failure(description: "cannot use \(path): \(String(cString: strerror(errno)))")
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard name == "." || name == ".." else { throw Salvage.Failure(description: "\(path) is not empty: it holds \(name)") }
        }
    }

    /// Gives what was made to whom the old log belongs, if we may.
    func take(ownerOf source: String) {
        var owner = stat()
        guard geteuid() == 0, stat("\(source)/\(SQLiteStore.fileName)", &owner) == 0 else { return }
        for made in [path, database] { _ = chown(made, owner.st_uid, owner.st_gid) }
    }

    /// Examines the new log: what is not sound is not handed out.
    ///
    /// - Parameter progress: called now and then; an ``Interruption`` ends it.
    func check(progress: @escaping () throws -> Void) throws(Salvage.Failure) {
        let report: Report
        do throws(Unexaminable) {
            report = try Examination(directory: path) { _ in try progress() }.run()
        } catch {
            throw Salvage.Failure(description: "nothing was saved: \(error)")
        }
        // Audit entries that were lost are missing for good.
        guard let finding = report.findings.list.first(where: { $0.part != .audit }) else { return }
        throw Salvage.Failure(
            description: "nothing was saved: what came of it is not sound (\(finding.part.rawValue): \(finding.what)). Please report it")
    }

    /// Removes the log again; the directory stays, empty.
    func clear() { unlink(database) }
}
