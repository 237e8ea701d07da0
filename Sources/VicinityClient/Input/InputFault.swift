// What can be wrong with reading a file, said with its name. Neither a bad record (that is data, and named by
// line) nor the daemon's business.

package struct InputFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// As the operator gave it; `-` is standard input.
    package let name: String
    /// A clause: "no such file", "the gzip data is damaged".
    package let why: String

    package init(name: String, why: String) {
        self.name = name
        self.why = why
    }

    package var description: String { "cannot read \(name == "-" ? "standard input" : name): \(why)" }
}
