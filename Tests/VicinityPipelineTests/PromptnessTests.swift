import Testing
import VicinityPipeline

@Suite("Which events count for the latency")
struct PromptnessTests {
    /// h: the head is reached, d: the disk is read, e: events are given, o: events that the filter leaves out, u: events of an unknown age
    ///
    /// counts: E those that count, . those that do not, of each e, o and u
    @Test(arguments: [
        ("he", "E"), ("hehe", "EE"), ("hee", "EE"),  // whoever keeps up
        ("e", "."), ("eehe", "..E"),  // whoever has just come: until the head is reached
        ("hedee", "E.."), ("heedeehe", "EE..E"), ("hdhe", "E"), ("hdde", "."),  // whoever was left behind
        ("hohe", ".E"), ("hu", "."), ("hue", ".E"),  // nothing was given, or nobody knows since when
    ])
    func story(story: String, counts: String) {
        var promptness = Promptness()
        var seen = ""
        for (place, letter) in story.enumerated() {
            let place = Int64(place)
            switch letter {
            case "h": promptness.reachedHead()
            case "d": promptness.readsFromDisk()
            case "e": promptness.gave(3, arrived: place)
            case "o": promptness.gave(0, arrived: place)
            default: promptness.gave(3, arrived: nil)
            }
            let handed = promptness.take()
            #expect(handed == nil || handed == Promptness.Handed(arrived: place, events: 3))
            if !"hd".contains(letter) { seen += handed == nil ? "." : "E" }
        }
        #expect(seen == counts)
    }

    @Test("What was handed over is told once")
    func once() {
        var promptness = Promptness()
        promptness.reachedHead()
        promptness.gave(1, arrived: 7)
        #expect(promptness.take() != nil)
        #expect(promptness.take() == nil)
    }
}
