internal import ArgumentParser
internal import VicinityClient

struct RotateKeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key",
        abstract: "Give every subject with a precision a new cell, because the key of the old ones may be known.",
        discussion: """
            Subjects with a precision are shown at the centre of a cell, and where cells lie follows from a secret key. This derives another \
            key, and answers when all subjects stand at their new centres; pairs that this changes enter and leave with cause subject. It is \
            refused while an edition of the register is being brought. Fixes go on meanwhile.

            Do it when the key may be in the wrong hands, and only then: whoever has seen a subject in its old cell and sees it in the new one \
            knows that it is where the two overlap, which is less than a cell.

            EXAMPLES:
              vicinityctl privacy rotate-key
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "The daemon's answer as it is.")
    var json = false

    func run() throws {
        try global.ask("privacy.rotate_key", []) { answer throws(ClientFault) in
            let moved = counted(answer["moved"]?.integer ?? 0, "subject")
            Console.standard.say(json ? answer.text : "\(moved) moved to new centres")
        }
    }
}
