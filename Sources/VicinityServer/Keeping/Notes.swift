import VicinityCore
import VicinityPipeline
import VicinityWire

// The states that sessions note: what their conversations and framers must know, one after the other, each with the form of its bytes in front, so that
// a part can change without the whole.

/// What a gateway's session notes.
struct IngestNote: Resumable {
    static let version: UInt8 = 1

    /// Of the log in which the lines were settled.
    var logID: String
    /// Lines before the input that is not settled.
    var line: UInt64
    var decoder: FixDecoder.Resumption
    var conversation: IngestConversation.Resumption

    init(logID: String, line: UInt64, decoder: FixDecoder.Resumption, conversation: IngestConversation.Resumption) {
        self.logID = logID
        self.line = line
        self.decoder = decoder
        self.conversation = conversation
    }

    func write(to bytes: inout [UInt8]) {
        var logID = logID
        logID.withUTF8 { bytes.appendSized(UnsafeRawBufferPointer($0)) }
        bytes.appendVarint(line)
        bytes.appendPart(decoder)
        bytes.appendPart(conversation)
    }

    init?(reading reader: inout RawReader) {
        guard let logID = reader.sizedArray(), let line = reader.lineNumber(), let decoder = reader.part(FixDecoder.Resumption.self),
            let conversation = reader.part(IngestConversation.Resumption.self), line <= conversation.durableLine
        else { return nil }
        self.init(logID: String(decoding: logID, as: UTF8.self), line: line, decoder: decoder, conversation: conversation)
    }
}

/// What a subscriber's session notes.
struct EventsNote: Resumable {
    static let version: UInt8 = 1

    var framer: LineFramer.Resumption
    var conversation: EventsConversation.Resumption

    init(framer: LineFramer.Resumption, conversation: EventsConversation.Resumption) {
        self.framer = framer
        self.conversation = conversation
    }

    func write(to bytes: inout [UInt8]) {
        bytes.appendPart(framer)
        bytes.appendPart(conversation)
    }

    init?(reading reader: inout RawReader) {
        guard let framer = reader.part(LineFramer.Resumption.self), let conversation = reader.part(EventsConversation.Resumption.self)
        else {
            return nil
        }
        self.init(framer: framer, conversation: conversation)
    }
}

extension Resumable {
    /// As ``encode()``, into storage that is used again.
    func encode(into bytes: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(Self.version)
        write(to: &bytes)
    }
}

extension [UInt8] {
    fileprivate mutating func appendPart(_ part: some Resumable) {
        append(type(of: part).version)
        part.write(to: &self)
    }
}

extension RawReader {
    /// `nil` for damage and for another form of it.
    fileprivate mutating func part<Part: Resumable>(_ type: Part.Type) -> Part? {
        guard byte() == Part.version else { return nil }
        return Part(reading: &self)
    }
}
