import VicinityWire

extension JSONParser {
    /// Parses a line and hands its value over, which lives no longer.
    ///
    /// - Parameter who: who is sent the line, for the complaint if it is no JSON.
    func read<Value>(_ line: [UInt8], sentTo who: String, _ body: (JSONElement) throws(Violation) -> Value) throws(Violation) -> Value {
        try line.withUnsafeBytes { raw -> Result<Value, Violation> in
            guard let root = parse(raw) else {
                return .failure(Violation("\(who) is sent what is no JSON: \(String(decoding: line, as: UTF8.self))"))
            }
            do throws(Violation) {
                return .success(try body(root))
            } catch {
                return .failure(error)
            }
        }.get()
    }
}
