// A FeatureCollection can be larger than memory, and all of it one line. This machine eats it byte by byte and gives back the
// elements of `features`, each as its own piece of JSON; what is wrong inside one of them concerns that one alone.

struct FeatureSplitter {
    enum Step: Equatable {
        /// Nothing to say yet.
        case more
        /// ``feature`` is complete.
        case feature
    }

    /// The bytes of the last element.
    private(set) var feature: [UInt8] = []
    /// The line on which it began, from 1.
    private(set) var featureLine = 1
    /// Whether it was larger than the limit; its bytes are then incomplete.
    private(set) var isCut = false
    private(set) var line = 1

    private let limit: Int
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// The last string of the outermost object, perhaps a key.
    private var text: [UInt8] = []
    private var isAfterFeaturesKey = false
    private var isInFeatures = false
    private var isInElement = false
    /// The last thing in `features` was a comma.
    private var isAfterComma = false
    private var sawFeatures = false
    private var hasEnded = false

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes the next byte of the file.
    ///
    /// - Throws: what is wrong with the collection itself; there is no going on after it.
    mutating func take(_ byte: UInt8) throws(BadRecord) -> Step {
        if byte == 0x0A { line += 1 }
        if isInString {
            string(byte)
            return .more
        }
        let isSpace = byte.isSpace
        guard !hasEnded || isSpace else { throw BadRecord(why: "something follows the FeatureCollection") }
        if isInFeatures, depth == 2 { return try atElement(byte, isSpace: isSpace) }
        structure(byte)
        if isInElement { keep(byte) }
        if depth == 0, !isSpace, !hasEnded { throw BadRecord(why: "must be a FeatureCollection") }
        return .more
    }

    /// To be asked at the end of the file: why it cannot end here, if it cannot.
    var faultAtEnd: String? {
        guard hasEnded else { return "the file ends within the FeatureCollection" }
        return sawFeatures ? nil : "there is no array \"features\""
    }

    private mutating func string(_ byte: UInt8) {
        if isInElement { keep(byte) }
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
            return
        }
        if depth == 1, text.count < 16 { text.append(byte) }
    }

    /// Between the elements of `features`, and in an element that is no object.
    private mutating func atElement(_ byte: UInt8, isSpace: Bool) throws(BadRecord) -> Step {
        switch byte {
        case UInt8(ascii: ","): return finish(evenIfEmpty: true)
        case UInt8(ascii: "]"):
            isInFeatures = false
            depth -= 1
            // `[]` and `[…]` end here without an empty element; `[…,]` has one, which is bad JSON.
            return finish(evenIfEmpty: isAfterComma)
        case UInt8(ascii: "}"): throw BadRecord(why: "a } closes nothing")
        default:
            if !isInElement {
                guard !isSpace else { return .more }
                begin()
            }
            keep(byte)
            structure(byte)
            return .more
        }
    }

    private mutating func begin() {
        isInElement = true
        isCut = false
        featureLine = line
        feature.removeAll(keepingCapacity: true)
    }

    private mutating func finish(evenIfEmpty: Bool) -> Step {
        let isEnd = !isInFeatures
        defer {
            isInElement = false
            isAfterComma = !isEnd
        }
        if isInElement { return .feature }
        guard evenIfEmpty else { return .more }
        begin()
        return .feature
    }

    private mutating func keep(_ byte: UInt8) {
        if feature.count < limit { feature.append(byte) } else { isCut = true }
    }

    private mutating func structure(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""):
            isInString = true
            if depth == 1 { text.removeAll(keepingCapacity: true) }
        case UInt8(ascii: ":") where depth == 1: isAfterFeaturesKey = text.elementsEqual("features".utf8)
        case UInt8(ascii: ",") where depth == 1: isAfterFeaturesKey = false
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            if depth == 1, isAfterFeaturesKey, byte == UInt8(ascii: "[") {
                isInFeatures = true
                isAfterComma = false
                sawFeatures = true
            }
            depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            if depth == 0 { hasEnded = true }
        default: break
        }
    }
}
