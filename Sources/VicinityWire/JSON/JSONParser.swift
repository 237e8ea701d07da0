// The general way from text to values: simdjson's DOM behind a C shim.
//
// A parser holds one document. Its elements are places in that document, so they are used up before the next text is parsed.
// The hot lines of gateways do not come here; see FixScanner.

import CSimdjson

/// Parses one JSON text at a time and owns the memory of the result.
///
/// One for each event loop is enough: nothing of a document outlives the line it came from.
package final class JSONParser {
    private let handle: OpaquePointer

    package init() {
        guard let handle = csimdjson_create() else { preconditionFailure("no memory for a JSON parser") }
        self.handle = handle
    }

    deinit { csimdjson_destroy(handle) }

    /// Parses one JSON text (RFC 8259) of any nesting.
    ///
    /// Numbers beyond 64 bits are doubles, numbers beyond all doubles are ``JSONElement/tooLarge``.
    ///
    /// - Returns: the text's value, valid until the next call; `nil` if it is not JSON, not UTF-8, or holds the escape of a lone
    ///   surrogate.
    /// - Complexity: O(bytes); allocates only for a text that is longer than those before.
    package func parse(_ text: UnsafeRawBufferPointer) -> JSONElement? {
        guard let base = text.baseAddress, !JSONText.holdsLoneSurrogate(text) else { return nil }
        var root = csimdjson_element()
        switch csimdjson_parse(handle, base.assumingMemoryBound(to: UInt8.self), text.count, &root) {
        case csimdjson_parsed: return JSONElement(root)
        case csimdjson_invalid: return nil
        case let result: preconditionFailure("no memory for \(text.count) bytes of JSON (\(result.rawValue))")
        }
    }

    /// Gives back the memory of a long text, about twenty times its length; elements of it are void.
    ///
    /// For a parser that may lie idle after it. One that goes on gives it back by itself at the next short text.
    package func release() { csimdjson_release(handle) }

    /// Whether the bytes are well-formed UTF-8.
    package static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        return csimdjson_is_utf8(base.assumingMemoryBound(to: UInt8.self), bytes.count)
    }
}
