import Testing

@testable import VicinityClient

@Suite struct TopViewTests {
    @Test(
        arguments: [
            ("q", [TopKey.quit]), ("\u{3}", [.quit]), ("gsr ?h\t", [.gateways, .subscribers, .reverse, .pause, .help, .help, .otherTable]),
            ("\u{1B}[A\u{1B}[B\u{1B}OA\u{1B}OB", [.up, .down, .up, .down]), ("\u{1B}[5~\u{1B}[6~", [.pageUp, .pageDown]),
            ("\u{1B}[H\u{1B}[F\u{1B}[1~\u{1B}[4~", [.first, .last, .first, .last]), ("\u{1B}[1;5A", [.other]), ("jk", [.down, .up]),
            ("\u{1A}", [.suspend]), ("x\u{1B}q", [.other, .other]), ("\u{1B}\u{1B}[A", [.up]), ("é", [.other, .other]),
            ("\u{1B}[200~", [.other]), ("\u{1B}OPq", [.other, .quit]),
        ] as [(String, [TopKey])])
    func keys(typed: String, meant: [TopKey]) {
        var whole = KeyPresses()
        #expect(whole.take(typed.utf8).map { TopKey($0) } == meant)
        // However the terminal cuts it.
        var pieces = KeyPresses()
        #expect(typed.utf8.flatMap { pieces.take(CollectionOfOne($0)) }.map { TopKey($0) } == meant)
    }

    @Test func anEndlessSequenceEnds() {
        var keys = KeyPresses()
        _ = keys.take("\u{1B}[".utf8)
        _ = keys.take(String(repeating: "1", count: 100).utf8)
        #expect(keys.take("q".utf8).last == .byte(UInt8(ascii: "q")))
    }

    private func view(_ keys: [TopKey], count: Int = 20, shown: Int = 5) -> TopView {
        var view = TopView()
        for key in keys { view.take(key, in: TopView.Room(count: count, shown: shown)) }
        return view
    }

    @Test func scrollingEndsAtTheEnds() {
        #expect(view([.up]).gateways.first == 0)
        #expect(view([.down, .down]).gateways.first == 2)
        #expect(view([.pageDown]).gateways.first == 5)
        #expect(view([.last]).gateways.first == 15)
        #expect(view([.last, .down, .up]).gateways.first == 14)
        #expect(view([.last, .pageUp, .first]).gateways.first == 0)
        #expect(view([.down], count: 3).gateways.first == 0)
        #expect(view([.down, .pageDown], count: 20, shown: 0).gateways.first == 2)
        #expect(view([.otherTable, .down]).subscribers.first == 1)
    }

    /// The table may have become shorter meanwhile: a key moves from where the screen is.
    @Test func scrollsFromWhatIsSeen() {
        var view = view([.last])
        view.take(.up, in: TopView.Room(count: 10, shown: 5))
        #expect(view.gateways.first == 4)
    }

    @Test func orders() {
        #expect(view([.gateways]).gateways.order == .lines)
        #expect(view([.gateways, .gateways, .gateways, .gateways]).gateways.order == .age)
        // The first time it only goes there.
        #expect(view([.subscribers]).subscribers.order == .lag)
        #expect(view([.subscribers]).focus == .subscribers)
        #expect(view([.subscribers, .subscribers]).subscribers.order == .name)
        #expect(view([.reverse]).gateways.isReversed)
        #expect(!view([.reverse, .gateways]).gateways.isReversed)
        #expect(view([.otherTable, .reverse]).subscribers.isReversed)
        #expect(view([.down, .reverse]).gateways.first == 0)
    }

    @Test func helpGoesAwayWithAnyKey() {
        #expect(view([.help]).showsHelp)
        #expect(view([.help, .gateways]) == TopView())
        #expect(view([.pause]).isPaused)
        #expect(view([.pause, .pause]) == TopView())
    }
}
