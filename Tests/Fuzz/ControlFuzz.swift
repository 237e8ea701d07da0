// Whatever a tool sends: the decoder of requests and what reads on from it take it or refuse it, and what is written is JSON again.

import VicinityWire

private struct Harness {
    let codec = ControlCodec()
    let subscriptions = SubscriptionReader()
    let parser = JSONParser()

    func run(_ line: UnsafeRawBufferPointer) {
        switch codec.read(line) {
        case .request(let request):
            if let params = request.params { check(params, of: line) }
            expectJSON(ControlCodec.response(id: request.id ?? "null", result: Array("{}".utf8)))
        case .refused(let failure, let id): expectJSON(ControlCodec.response(id: id, failure: failure))
        case .ignored: break
        }
        _ = subscriptions.first(line)
        _ = subscriptions.later(line)
        if let root = parser.parse(line) {
            var writer = JSONWriter()
            writer.value(root)
            expectJSON(writer.bytes)
        }
    }

    /// What is written of a value reads as what is written of it again.
    private func check(_ params: JSONElement, of line: UnsafeRawBufferPointer) {
        var first = JSONWriter()
        first.value(params)
        var second = JSONWriter()
        first.bytes.withUnsafeBytes { bytes in
            guard let again = parser.parse(bytes) else { fatalError("not JSON: \(String(decoding: bytes, as: UTF8.self))") }
            second.value(again)
        }
        guard first.bytes == second.bytes else {
            fatalError("\(String(decoding: first.bytes, as: UTF8.self)) became \(String(decoding: second.bytes, as: UTF8.self))")
        }
        for place in 0..<4 { _ = JSONText.member(place, of: line) }
    }

    private func expectJSON(_ bytes: [UInt8]) {
        guard bytes.withUnsafeBytes({ parser.parse($0) }) != nil else { fatalError("not JSON: \(String(decoding: bytes, as: UTF8.self))") }
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzControl(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    var framer = LineFramer(limit: 4096)
    let harness = Harness()
    var rest = UnsafeRawBufferPointer(start: data, count: count)
    while true {
        let (line, consumed) = framer.next(rest)
        rest = UnsafeRawBufferPointer(rebasing: rest[consumed...])
        guard let line else { break }
        take(line, harness)
    }
    if let line = framer.last(rest) { take(line, harness) }
    return 0
}

private func take(_ line: LineFramer.Line, _ harness: Harness) {
    switch line {
    case .text(let bytes): bytes.withUnsafeBytes { harness.run($0) }
    case .tooLong: break
    }
}
