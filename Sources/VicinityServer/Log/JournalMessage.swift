package import Logging
import VicinitySystem

/// A message of the daemon to its operators: of a kind that has a name, a sentence for people, and the same values as fields for programs.
///
/// How each is made stands in the files beside this one, one function for each kind. `debug` and `trace` are for who reads the source, and are
/// logged without this.
package struct JournalMessage: Sendable {
    package let kind: MessageKind
    /// Says all that the fields say.
    package let text: String
    /// By names in small letters; in the journal `VICINITY_` and the same in capitals.
    package let fields: [String: String]
    /// Which of the troubles of its kind it is about, so that it is summed up when it comes again and again; `nil` if each is to be seen.
    package let trouble: String?

    init(_ kind: MessageKind, _ sentence: Sentence, _ fields: [String: any Sayable] = [:], trouble: String? = nil) {
        self.kind = kind
        text = sentence.text
        self.fields = fields.mapValues(\.said)
        self.trouble = trouble
    }
}

extension Logger {
    /// Tells the operators.
    package func report(_ message: JournalMessage) {
        log(message.kind.level, id: message.kind.rawValue, trouble: message.trouble, message.text, fields: message.fields)
    }
}
