/// The answer to `explain`, a sentence a line.
package enum ExplainText {
    package static func lines(_ answer: JSONValue) -> String {
        (answer["why"]?.array ?? []).compactMap(\.string).map(\.terminalSafe).joined(separator: "\n")
    }
}
