// Whatever a gateway sends, however it is chopped: the shapes, the scanner and the reader say the same, and no bound is passed.
//
// The first byte of an input decides how the rest is cut.

import VicinityCore
import VicinityWire

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFixDecoder(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
    let read = Decoded(bytes, usesScanner: false)
    let scanned = Decoded(bytes, shapes: nil)
    guard scanned == read else { fatalError("scanner:\n\(scanned)\nreader:\n\(read)") }
    let shaped = Decoded(bytes)
    guard shaped == scanned else { fatalError("shapes:\n\(shaped)\nscanner:\n\(scanned)") }
    let cut = Int(data[0])
    let chopped = Decoded(bytes, cuts: [cut % 16 + 1, cut, 640 + cut], maxLines: cut % 4 + 1)
    guard chopped == scanned else { fatalError("chopped:\n\(chopped)\nwhole:\n\(scanned)") }

    // Once more where a byte too far is seen: in the fuzzer's own memory, which ends with the input.
    var decoder = FixDecoder(hasher: IDHasher(seed: 1), radii: 50...50_000, parser: JSONParser(), shapes: FixShapes())
    var batch = FixBatch(source: 1, firstLine: 1)
    _ = decoder.decode(UnsafeRawBufferPointer(start: data + 1, count: count - 1), into: &batch)
    return 0
}
