import Testing

/// What is written is what is read: no sign of a command is taken for roff's, and none is changed on the way to a terminal.
@Suite("The manual's roff")
struct RoffTests {
    @Test(arguments: [
        ("plain words", "plain words"),
        ("`--state-dir`", "\\fB\\-\\-state\\-dir\\fR"),
        ("by --config too", "by \\fB\\-\\-config\\fR too"),
        ("well-known--or not", "well-known--or not"),
        ("*FILE* and **strong**", "\\fIFILE\\fR and \\fBstrong\\fR"),
        ("see vicinityd(8).", "see \\fBvicinityd\\fR(8)."),
        ("`a 'b' ~c ^d \\e`", "\\fBa \\(aqb\\(aq \\(tic \\(had \\ee\\fR"),
        ("d ≤ r, 60 ° …", "d \\(<= r, 60 \\(de ..."),
    ])
    func marksBecomeFonts(text: String, roff: String) { #expect(Roff.inline(text) == roff) }

    @Test func aPageIsAsWritten() throws {
        let source = """
            # vicinity(7) 2026-01-02

            ## A SECTION

            One. Two
            goes on.

            `--label`
            : What it is.

              More of it:

                  .code that begins like a macro

            - a bullet
            """
        var roff = Roff(try PageSource(source), version: "1")
        roff.write(try PageSource(source).blocks)
        #expect(
            roff.text.split(separator: "\n").dropFirst().joined(separator: "\n") == """
                .TH "VICINITY" "7" "2026-01-02" "vicinity 1" "vicinity"
                .nh
                .ad l
                .SH "A SECTION"
                One.
                Two goes on.
                .PP
                \\fB\\-\\-label\\fR
                .RS 4
                What it is.
                .PP
                More of it:
                .PP
                .RS 4
                .EX
                \\&.code that begins like a macro
                .EE
                .nh
                .RE
                .RE
                .IP \\(bu 2
                a bullet
                """)
    }

    @Test(arguments: ["", "# Vicinityd", "# vicinityd(9) 2026-01-02", "# vicinityd(8) 2026-01-02\n\n  lost"])
    func whatIsNoPageIsRefused(text: String) { #expect(throws: PageSource.Mistake.self) { try PageSource(text) } }
}
