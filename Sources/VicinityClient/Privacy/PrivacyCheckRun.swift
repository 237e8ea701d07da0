// Where the settings and the register of a privacy check come from: a daemon, or files.

internal import Glibc

/// `vicinityctl privacy check`.
package struct PrivacyCheckRun {
    /// Subjects that are asked one by one whether they move: each answer waits for a commit.
    private static let mostAsked: Int64 = 200

    /// Asks the daemon for its settings and its register.
    package static func asking(_ control: inout ControlClient, console: Console) throws(ClientFault) -> PrivacyReport {
        let settings = PrivacySettings(try control.call("config.get"))
        var census = RegisterCensus(defaultPrecision: settings.precision)
        var pages = Pages("subjects.list", of: "subjects", label: "looking at", on: console)
        defer { pages.end() }
        while let subjects = try pages.next(&control) {
            for subject in subjects {
                census.add(subject)
                guard census.subjects <= mostAsked, let id = subject["id"]?.string else { continue }
                if try isMoving(id, &control) { census.addMoving(id) }
                pages.show(census.subjects)
            }
        }
        return PrivacyCheck.report(settings, census)
    }

    private static func isMoving(_ id: String, _ control: inout ControlClient) throws(ClientFault) -> Bool {
        do throws(ClientFault) {
            return try control.call("subjects.get", [JSONValue.Member("id", .string(id))])["moving"]?.bool == true
        } catch {
            // It may have been removed since it was listed.
            guard case .rpc(_, let refusal) = error, refusal.word == "unknown_subject" else { throw error }
            return false
        }
    }

    /// Looks at files, without a daemon.
    ///
    /// - Parameters:
    ///   - settings: as `config.get` would give them.
    ///   - config: the path of the file they came from; `nil` if there was none.
    ///   - register: the path of a file as `subjects import` takes it, or `-`; `nil` is an empty register.
    package static func reading(
        settings answer: JSONValue, config: String?, register: String?, console: Console
    ) throws(ClientFault) -> PrivacyReport {
        let settings = PrivacySettings(answer)
        var census = RegisterCensus(defaultPrecision: settings.precision)
        var files: [PrivacyFinding] = []
        if let config, mode(of: config) & S_IWOTH != 0 {
            files.append(
                PrivacyFinding(
                    severity: .high, code: "writable_config",
                    sentence: "\(config) can be written by every user of this machine: any of them can give themselves any role",
                    advice: "chmod o-w \(config)"))
        }
        if let register {
            if register != "-", mode(of: register) & S_IROTH != 0 {
                files.append(
                    PrivacyFinding(
                        severity: settings.isAboutPeople ? .medium : .low, code: "readable_register",
                        sentence: "\(register) can be read by every user of this machine, with the true place of each subject in it",
                        advice: "chmod o-r \(register)"))
            }
            try count(register, into: &census, console)
        }
        return PrivacyCheck.report(settings, census, files: files)
    }

    private static func count(_ register: String, into census: inout RegisterCensus, _ console: Console) throws(ClientFault) {
        do throws(InputFault) {
            var reader = try RegisterReader(ByteSource(path: register))
            var bar = RecordBar("looking at", at: register, on: console, now: Clock.monotonic())
            defer { bar.clear() }
            while let record = try reader.next() {
                bar.took(reader.progress, clock: Clock.monotonic)
                // A bad record would not get into the register; the import names it.
                guard case .subject(let subject, _) = record, let value = try? JSONValue(parsing: subject.json) else { continue }
                census.add(value)
            }
        } catch {
            throw .input(error)
        }
    }

    /// 0 for what is no file, and for what is not there: the reader of it says so better.
    private static func mode(of path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? status.st_mode : 0
    }
}
