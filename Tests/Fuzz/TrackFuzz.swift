// Whatever a file of tracks holds: the reader comes to an end, in bounded steps, and each point of it is a fix.

import Glibc
import VicinityClient

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTrack(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    // A pipe takes 64 KiB at once, and inputs are smaller. Gzip is not the matter here.
    var ends: [CInt] = [-1, -1]
    guard count < 1 << 16, pipe(&ends) == 0 else { return 0 }
    guard write(ends[1], data, count) == count else { fatalError("the pipe does not take \(count) bytes") }
    close(ends[1])
    var reader = GPXReader(ByteSource(descriptor: OwnedDescriptor(ends[0]), name: "fuzz.gpx"))
    var records = 0
    do throws(InputFault) {
        while let record = try reader.next() {
            records += 1
            guard records <= count + 1 else { fatalError("more records than bytes can say") }
            guard case .point(let point, let line) = record else { continue }
            guard line >= 1, (-90...90).contains(point.latitude), (-180...180).contains(point.longitude), point.time >= 0,
                (1...128).contains(point.user.utf8.count), (try? JSONValue(parsing: point.line)) != nil
            else { fatalError("no fix: \(point)") }
        }
    } catch {
        // Bytes that begin like gzip and are none.
        guard data[0] == 0x1F else { fatalError("\(error)") }
    }
    return 0
}
