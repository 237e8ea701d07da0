import CPrimitives

/// A growable list of plain values in one word: 8 bytes where it is empty, a block of a ``BlockHeap`` where it is not.
///
/// A million users have two each, mostly short or empty; an `Array` would cost 32 bytes of header and reference counting for each. The
/// word holds where the block is, its kind and how many elements it has, so that nobody has to reach for the block to know that there is nothing in it.
/// More than 1,023 elements lie in an allocation of their own, behind their number.
///
/// It is not freed by itself: its owner calls ``free(in:)`` exactly once, when the record that holds it is given back, and
/// always with the same heap. Sound because lists live only in the engine's records, which one thread owns.
struct SmallList<Element: BitwiseCopyable> {
    private struct Header {
        var count: Int
        var capacity: Int
    }

    /// From below: 48 bits of an address, 6 of a kind, or ``long``, 10 of a count, 0 of a long one. 0 is an empty list.
    private var word: UInt64 = 0

    private static var addressBits: UInt64 { 48 }
    private static var addressMask: UInt64 { 1 << addressBits - 1 }
    private static var countShift: UInt64 { 54 }
    private static var greatestCount: Int { 1023 }
    /// The kind of a list that has an allocation of its own.
    private static var long: Int { 63 }
    /// A long list that has fallen to this moves into a block.
    private static var shortAgain: Int { 768 }

    init() {}

    private init(_ block: UnsafeMutableRawPointer, kind: Int, count: Int) {
        let address = UInt64(UInt(bitPattern: block))
        precondition(address & ~Self.addressMask == 0, "an address of more than 48 bits")
        word = address | UInt64(kind) << Self.addressBits | UInt64(count) << Self.countShift
    }

    private var block: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: UInt(word & Self.addressMask)) }
    private var kind: Int { Int(word >> Self.addressBits & 63) }
    var isLong: Bool { kind == Self.long }
    private var header: UnsafeMutablePointer<Header>? { block?.assumingMemoryBound(to: Header.self) }

    @inline(__always)
    var count: Int { isLong ? header.map { $0.pointee.count } ?? 0 : Int(word >> Self.countShift) }

    /// Costs no access to the elements.
    @inline(__always)
    var isEmpty: Bool { word == 0 }

    /// The elements; valid until the next change.
    @inline(__always)
    var elements: UnsafeMutableBufferPointer<Element> {
        if isLong { return longElements }
        return UnsafeMutableBufferPointer(start: block?.assumingMemoryBound(to: Element.self), count: Int(word >> Self.countShift))
    }

    private var longElements: UnsafeMutableBufferPointer<Element> {
        guard let header else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
        let start = UnsafeMutableRawPointer(header + 1).assumingMemoryBound(to: Element.self)
        return UnsafeMutableBufferPointer(start: start, count: header.pointee.count)
    }

    /// Asks for all elements, of a list that is to be searched; of a long one for the first.
    @inline(__always)
    func prefetchAll() {
        guard let block else { return }
        let bytes = Int(word >> Self.countShift) * MemoryLayout<Element>.stride
        var offset = 0
        repeat {
            vicinity_prefetch(block + offset)
            offset += 64
        } while offset < bytes
    }

    /// Asks for the elements, which lie elsewhere.
    @inline(__always)
    func prefetch() { vicinity_prefetch(block) }

    /// - Complexity: amortised O(1).
    mutating func append(_ element: Element, in heap: borrowing BlockHeap) {
        let count = self.count
        if count == capacity(in: heap) { resize(to: count + 1, in: heap) }
        if let header, isLong {
            header.pointee.count = count + 1
        } else {
            word += 1 << Self.countShift
        }
        elements[count] = element
    }

    /// Removes the element at `index`; the last one takes its place.
    ///
    /// - Complexity: amortised O(1).
    mutating func swapRemove(at index: Int, in heap: borrowing BlockHeap) {
        let elements = self.elements
        precondition(elements.indices.contains(index), "index out of range")
        let count = elements.count - 1
        elements[index] = elements[count]
        if count == 0 {
            free(in: heap)
        } else if let header, isLong {
            header.pointee.count = count
            if count <= Self.shortAgain { resize(to: count, in: heap) }
        } else {
            word -= 1 << Self.countShift
            if isTooRoomy(for: count, in: heap) { resize(to: count + 1, in: heap) }
        }
    }

    /// Makes the list hold these elements and no others.
    mutating func replace(with elements: [Element], in heap: borrowing BlockHeap) {
        guard elements.count > 0 else { return free(in: heap) }
        if !isLong, elements.count <= capacity(in: heap), !isTooRoomy(for: elements.count, in: heap) {
            word = word & (1 << Self.countShift - 1) | UInt64(elements.count) << Self.countShift
        } else {
            free(in: heap)
            make(roomFor: elements.count, count: elements.count, in: heap)
        }
        elements.withUnsafeBufferPointer { _ = self.elements.update(fromContentsOf: $0) }
    }

    /// Gives the storage back; the list is then empty and may be used again.
    mutating func free(in heap: borrowing BlockHeap) {
        guard let block else { return }
        if isLong { block.deallocate() } else { heap.free(block) }
        word = 0
    }

    /// Gives back what does not go with the heap, when list and heap are about to vanish together.
    func abandon() { if isLong { block?.deallocate() } }

    /// How many elements there is room for.
    @inline(__always)
    func capacity(in heap: borrowing BlockHeap) -> Int {
        if isLong { return header.map { $0.pointee.capacity } ?? 0 }
        return word == 0 ? 0 : min(Self.greatestCount, heap.size(kind) / MemoryLayout<Element>.stride)
    }

    /// Whether a quarter of the block, and no less than two elements, would be free: who enters and leaves all the time causes no copy each time.
    @inline(__always)
    private func isTooRoomy(for count: Int, in heap: borrowing BlockHeap) -> Bool {
        let capacity = capacity(in: heap)
        return capacity - count >= max(2, capacity / 4)
    }

    /// Moves the elements to where there is room for so many.
    private mutating func resize(to capacity: Int, in heap: borrowing BlockHeap) {
        var old = self
        self = SmallList()
        make(roomFor: capacity, count: old.count, in: heap)
        _ = elements.update(fromContentsOf: old.elements)
        old.free(in: heap)
    }

    /// Gets storage for a list that has none.
    private mutating func make(roomFor capacity: Int, count: Int, in heap: borrowing BlockHeap) {
        let stride = MemoryLayout<Element>.stride
        if capacity <= Self.greatestCount, let kind = heap.kind(of: capacity * stride) {
            self = SmallList(heap.allocate(kind), kind: kind, count: count)
            return
        }
        let room = capacity + capacity / 2
        let block = UnsafeMutableRawPointer.allocate(byteCount: MemoryLayout<Header>.stride + room * stride, alignment: 16)
        block.storeBytes(of: Header(count: count, capacity: room), as: Header.self)
        self = SmallList(block, kind: Self.long, count: 0)
    }
}
