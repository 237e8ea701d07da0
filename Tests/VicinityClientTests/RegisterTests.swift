import Testing

@testable import VicinityClient

/// What a register file says: the JSON of each subject, or why it is none, with its line.
func records(of path: String, format: RegisterFormat? = nil) throws -> [String] {
    var reader = try RegisterReader(ByteSource(path: path), format: format)
    var found: [String] = []
    while let record = try reader.next() {
        switch record {
        case .subject(let subject, let line): found.append("\(line) \(String(decoding: subject.json, as: UTF8.self))")
        case .bad(let error, let line): found.append("\(line) bad: \(error.why)")
        }
    }
    return found
}

@Suite struct RegisterTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// The expected records are the golden file beside each fixture.
    @Test(arguments: ["good.ndjson", "bad.ndjson", "good.csv", "bad.csv", "good.geojson", "bad.geojson", "good.geojsonl"])
    func fixtures(name: String) throws {
        let found = try records(of: Fixture.path(name))
        try Fixture.expect(found.joined(separator: "\n") + "\n", equals: "\(name).records")
        // The name says nothing here, so the content must.
        let content = try directory.write(Fixture.text(name), to: "register")
        #expect(try records(of: content) == found)
        let zipped = try directory.write(gzip(Fixture.text(name)), to: "zipped.gz")
        #expect(try records(of: zipped) == found)
    }

    @Test func formatByName() {
        #expect(RegisterFormat(fileName: "a/b.CSV.gz") == .csv)
        #expect(RegisterFormat(fileName: "x.ndjson") == .ndjson)
        #expect(RegisterFormat(fileName: "x.jsonl.gz") == .ndjson)
        #expect(RegisterFormat(fileName: "x.geojson") == .geojson)
        #expect(RegisterFormat(fileName: "x.json") == nil)
        #expect(RegisterFormat(fileName: "d.csv/csv") == nil)
        #expect(RegisterFormat(fileName: "-") == nil)
    }

    @Test(arguments: [
        (#"{"id":"s","lat":1,"lon":2,"details":{"features":[],"type":"Feature"}}"#, RegisterFormat.ndjson),
        (#"{"id":"s","type":"toll","lat":1,"lon":2}"#, .ndjson),
        ("  \n{\n \"features\": [", .geojson),
        (#"{"geometry":{"type":"Point"},"type":"Feature"}"#, .geojson),
        (#"{"type":"FeatureCollection","#, .geojson),
        ("id,lat,lon\n{,1,2", .csv),
        ("", .csv),
    ])
    func formatByContent(text: String, format: RegisterFormat) {
        #expect(RegisterFormat(content: Array(text.utf8)) == format)
    }

    /// What is wrong with the file as a whole is named where it shows, and ends it.
    @Test(arguments: [
        ("x.geojson", #"{"type":"FeatureCollection","features":["#, "1 bad: the file ends within the FeatureCollection"),
        ("x.geojson", "{\"type\":\"FeatureCollection\"}\n", "2 bad: there is no array \"features\""),
        ("x.geojson", "{\"type\":\"FeatureCollection\",\n\"features\":[]}\n{}", "3 bad: something follows the FeatureCollection"),
        ("x.geojson", "{\"type\":\"FeatureCollection\",\"features\":[}", "1 bad: a } closes nothing"),
        ("x.csv", "id,lat\na,1\n", "1 bad: the header has no column lon (it has: id, lat)"),
        ("x.csv", "id,lat,lon,LAT\na,1,2,3\n", "1 bad: the header has the column LAT twice"),
        ("x.csv", "id;lat;lon\n", "1 bad: the header has no column id (it has: id;lat;lon)"),
    ])
    func wholeFile(name: String, text: String, expected: String) throws {
        #expect(try records(of: directory.write(text, to: name)) == [expected])
    }

    @Test func trailingCommaInFeatures() throws {
        let text = #"{"features":[{"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[1,2]}},]}"#
        #expect(
            try records(of: directory.write(text, to: "x.geojson")) == [
                #"1 {"id":"a","lat":2,"lon":1}"#, "1 bad: not JSON: the text ends where a value is due (byte 1)",
            ])
    }

    @Test func emptyFilesHoldNothing() throws {
        #expect(try records(of: directory.write("", to: "x.csv")).isEmpty)
        #expect(try records(of: directory.write("\n \n", to: "x.ndjson")).isEmpty)
        #expect(try records(of: directory.write(#"{"features": [ ]}"#, to: "x.geojson")).isEmpty)
    }

    /// Any cut of a collection into chunks gives the same elements: the machine sees bytes only, so one run over a collection larger than
    /// several chunks is enough.
    @Test func largeCollectionOnOneLine() throws {
        let count = 5_000
        let features = (0..<count).map {
            #"{"type":"Feature","id":\#($0),"geometry":{"type":"Point","coordinates":[\#($0 % 180),1]},"properties":{"note":"}],{"}}"#
        }
        let text = #"{"type":"FeatureCollection","features":["# + features.joined(separator: ",") + "]}"
        try #require(text.utf8.count > 2 * ByteSource.chunkSize)
        let found = try records(of: directory.write(text, to: "x.geojson"))
        #expect(found.count == count)
        #expect(found.last == #"1 {"id":"4999","lat":1,"lon":139,"details":{"note":"}],{"}}"#)
    }

    @Test func batchesAreBounded() throws {
        let small = try Subject(checking: JSONValue(parsing: #"{"id":"a","lat":1,"lon":2}"#))
        var batch = SubjectBatch()
        while batch.hasRoom(for: small) { batch.add(small, line: 1) }
        #expect(batch.lines.count == 1_000)
        let note = String(repeating: "x", count: 300_000)
        let large = try Subject(checking: JSONValue(parsing: #"{"id":"a","lat":1,"lon":2,"details":{"note":"\#(note)"}}"#))
        batch = SubjectBatch()
        while batch.hasRoom(for: large) { batch.add(large, line: 1) }
        #expect(batch.lines.count == 3)
        #expect(try JSONValue(parsing: batch.params())["subjects"]?.array?.count == 3)
    }

    @Test func refusedSubjectIsFound() {
        #expect(SubjectBatch.index(.string("subjects[3].lat")) == 3)
        #expect(SubjectBatch.index(.string("subjects.12.lat")) == 12)
        #expect(SubjectBatch.index(.number(7)) == 7)
        #expect(SubjectBatch.index(.string("lat")) == nil)
    }
}
