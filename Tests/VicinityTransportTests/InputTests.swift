import NIOCore
import Testing

@testable import VicinityTransport

struct InputTests {
    /// Against a plain array: whatever is appended, taken and left, the same bytes come out, and the unread stay in front.
    @Test(arguments: UInt64(0)..<50)
    func bytesComeOutAsTheyWentIn(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var input = Input()
        var model: [UInt8] = []
        var next: UInt8 = 0
        for _ in 0..<50 {
            let piece = (0..<Int.random(in: 1...3000, using: &random)).map { _ in
                next &+= 1
                return next
            }
            input.append(ByteBuffer(bytes: piece))
            model += piece
            #expect(input.isNews)
            var seen = input.take()
            #expect(Array(seen.readableBytesView) == model, "seed \(seed)")
            let count = Bool.random(using: &random) ? seen.readableBytes : Int.random(in: 0...seen.readableBytes, using: &random)
            seen.moveReaderIndex(forwardBy: count)
            model.removeFirst(count)
            input.giveBack(seen)
            if Bool.random(using: &random) { input.settle() }
            #expect(input.readableBytes == model.count)
        }
    }

    /// The reader of the socket uses its buffer again; what is unread must not change under us.
    @Test func whatIsLeftIsOurs() {
        var input = Input()
        var shared = ByteBuffer(string: "line\nhalf")
        input.append(shared)
        var seen = input.take()
        seen.moveReaderIndex(forwardBy: 5)
        input.giveBack(seen)
        input.settle()
        shared.setString("XXXXXXXXX", at: 0)
        #expect(String(buffer: input.take()) == "half")
    }
}
