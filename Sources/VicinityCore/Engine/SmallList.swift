import CPrimitives

/// A growable list of plain values in one pointer: 8 bytes where it is empty, one allocation where it is not.
///
/// A million users have one each, mostly short or empty; an `Array` would cost 32 bytes of header and reference counting
/// for each. It is not freed by itself: its owner calls ``free()`` exactly once, when the record that holds it is given back.
/// Sound because lists live only in the engine's records, which one thread owns.
struct SmallList<Element: BitwiseCopyable> {
    private struct Header {
        var count: UInt32
        var capacity: UInt32
    }

    private var storage: UnsafeMutableRawPointer?

    private static var offset: Int { max(MemoryLayout<Header>.stride, MemoryLayout<Element>.alignment) }

    /// Four, or two of those that are so small that two fill the least that an allocation takes.
    private static var firstCapacity: Int { MemoryLayout<Element>.stride <= 8 ? 2 : 4 }

    init() {}

    private var header: UnsafeMutablePointer<Header>? { storage?.assumingMemoryBound(to: Header.self) }

    var count: Int { header.map { Int($0.pointee.count) } ?? 0 }

    var isEmpty: Bool { count == 0 }

    /// The elements; valid until the next change.
    var elements: UnsafeMutableBufferPointer<Element> {
        guard let storage else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
        let start = (storage + Self.offset).assumingMemoryBound(to: Element.self)
        return UnsafeMutableBufferPointer(start: start, count: Int(storage.assumingMemoryBound(to: Header.self).pointee.count))
    }

    /// Asks for the elements, which lie elsewhere.
    func prefetch() { if let storage { vicinity_prefetch(storage) } }

    /// - Complexity: amortised O(1).
    mutating func append(_ element: Element) {
        let count = self.count
        let capacity = header.map { Int($0.pointee.capacity) } ?? 0
        if count == capacity { grow(to: capacity == 0 ? Self.firstCapacity : capacity + max(4, capacity / 2)) }
        guard let storage else { preconditionFailure("a list that has grown has storage") }
        (storage + Self.offset + count * MemoryLayout<Element>.stride).storeBytes(of: element, as: Element.self)
        storage.assumingMemoryBound(to: Header.self).pointee.count = UInt32(count + 1)
    }

    /// Removes the element at `index`; the last one takes its place.
    ///
    /// - Complexity: O(1).
    mutating func swapRemove(at index: Int) {
        let elements = self.elements
        precondition(elements.indices.contains(index), "index out of range")
        elements[index] = elements[elements.count - 1]
        header?.pointee.count -= 1
        if elements.count == 1 { free() }
    }

    /// Removes all elements and keeps the storage.
    mutating func removeAll() { header?.pointee.count = 0 }

    /// Makes the list hold these elements and no others.
    mutating func replace(with elements: [Element]) {
        removeAll()
        for element in elements { append(element) }
    }

    /// Gives the storage back; the list is then empty and may be used again.
    mutating func free() {
        deallocate()
        storage = nil
    }

    /// Gives the storage back when the list itself is about to vanish.
    func deallocate() { storage?.deallocate() }

    private mutating func grow(to capacity: Int) {
        let bytes = Self.offset + capacity * MemoryLayout<Element>.stride
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 8)
        let count = self.count
        fresh.storeBytes(of: Header(count: UInt32(count), capacity: UInt32(capacity)), as: Header.self)
        if let storage {
            (fresh + Self.offset).copyMemory(from: storage + Self.offset, byteCount: count * MemoryLayout<Element>.stride)
            storage.deallocate()
        }
        storage = fresh
    }
}
