internal import VicinityClient
internal import VicinityCore

/// Reads the register of a rehearsal: what `subjects import` reads, and refuses what the daemon refuses.
struct RehearsedRegister {
    /// Bad records that are named; more are counted.
    private static let complaintLimit = 50

    let console: Console

    /// - Parameter now: milliseconds of a clock that does not step, for the progress.
    /// - Throws: ``ClientFault/badData(_:)`` if a record is bad; each has been named then.
    func read(_ path: String, now: () -> Int64) throws(ClientFault) -> [SubjectPlacement] {
        var placements: [SubjectPlacement] = []
        var bad = 0
        var bar = RecordBar("reading", at: path, on: console, now: now())
        defer { bar.clear() }
        func complain(_ line: Int, _ why: String) {
            bad += 1
            bar.clear()
            if bad <= Self.complaintLimit { console.complain("\(InputName.shown(path)):\(line): \(why.terminalSafe)") }
        }
        do throws(InputFault) {
            var reader = try RegisterReader(ByteSource(path: path))
            while let record = try reader.next() {
                bar.took(reader.progress, clock: now)
                switch record {
                case .subject(let subject, let line):
                    switch Self.placement(of: subject) {
                    case .success(let placement): placements.append(placement)
                    case .failure(let refusal): complain(line, refusal.why)
                    }
                case .bad(let error, let line): complain(line, error.why)
                }
            }
        } catch {
            throw .input(error)
        }
        bar.clear()
        guard bad == 0 else {
            if bad > Self.complaintLimit { console.complain("… and \(grouped(bad - Self.complaintLimit)) more") }
            throw .badData("\(counted(bad, "bad record")) in the register, so nothing was simulated")
        }
        return placements
    }

    /// Why a subject that is well formed has no place in the register.
    private struct Refusal: Error {
        let why: String
    }

    private static func placement(of subject: Subject) -> Result<SubjectPlacement, Refusal> {
        guard let record = try? JSONValue(parsing: subject.json), let latitude = record["lat"]?.double,
            let longitude = record["lon"]?.double, let position = Coordinate(latitudeDegrees: latitude, longitudeDegrees: longitude)
        else { return .failure(Refusal(why: "the record has no position")) }
        let from = record["valid_from"]?.integer
        let until = record["valid_until"]?.integer
        if let from, let until, from >= until {
            return .failure(Refusal(why: "valid_until is \(until), must be after valid_from, which is \(from)"))
        }
        return .success(
            SubjectPlacement(
                id: Array(subject.id.utf8), kind: record["kind"]?.string.map { Array($0.utf8) }, position: position,
                precision: record["precision"]?.double, validFrom: from, validUntil: until))
    }
}

/// How an input is called in a sentence.
enum InputName {
    static func shown(_ path: String) -> String { path == "-" ? "stdin" : path.terminalSafe }
}
