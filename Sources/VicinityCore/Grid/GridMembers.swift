import CPrimitives

/// The users of a cell: blocks of eight, each one line of the cache with what is known of them, and then their slots.
///
/// A fix that changes what the cell knows of its user writes into one line, and a subject's step judges eight users at once
/// (`gridscan.c`). 12 bytes a user.
///
/// They lie in a block of the grid's heap, which grows by a seventh to a quarter. A plain value; not freed by itself, the grid calls
/// ``deallocate(in:)`` once. Sound because cells live only in the engine's grid, which one
/// thread owns, and every index below ``count`` is initialised.
struct GridMembers {
    private var blocks: UnsafeMutablePointer<vicinity_members>?
    private(set) var count = 0
    /// A multiple of ``width``.
    private var capacity = 0

    private static var width: Int { 8 }

    init() {}

    private func slots(_ blocks: UnsafeMutablePointer<vicinity_members>) -> UnsafeMutablePointer<UInt32> {
        UnsafeMutableRawPointer(blocks + capacity / Self.width).assumingMemoryBound(to: UInt32.self)
    }

    /// - Returns: the place.
    mutating func append(_ slot: UInt32, _ member: GridMember, in heap: borrowing BlockHeap) -> Int {
        if count == capacity { resize(to: capacity + capacity / 8 + 1, in: heap) }
        guard let blocks else { preconditionFailure("a cell that has grown has storage") }
        slots(blocks)[count] = slot
        count += 1
        set(count - 1, member)
        return count - 1
    }

    /// Where the members' numbers of one block lie.
    private func block(_ place: Int) -> UnsafeMutableRawPointer {
        guard let blocks else { preconditionFailure("a cell with members has storage") }
        return UnsafeMutableRawPointer(blocks + place / Self.width)
    }

    func set(_ place: Int, _ member: GridMember) {
        precondition(place < count, "no such member")
        let block = block(place)
        let lane = place % Self.width
        block.storeBytes(of: member.latitude, toByteOffset: 2 * lane, as: UInt16.self)
        block.storeBytes(of: member.longitude, toByteOffset: 16 + 2 * lane, as: UInt16.self)
        block.storeBytes(of: member.radius, toByteOffset: 32 + 2 * lane, as: UInt16.self)
        block.storeBytes(of: member.slackBound, toByteOffset: 48 + lane, as: UInt8.self)
    }

    func setSlackBound(_ place: Int, _ bound: UInt8) {
        precondition(place < count, "no such member")
        block(place).storeBytes(of: bound, toByteOffset: 48 + place % Self.width, as: UInt8.self)
    }

    subscript(place: Int) -> GridMember {
        precondition(place < count, "no such member")
        let block = block(place)
        let lane = place % Self.width
        return GridMember(
            latitude: block.load(fromByteOffset: 2 * lane, as: UInt16.self),
            longitude: block.load(fromByteOffset: 16 + 2 * lane, as: UInt16.self),
            radius: block.load(fromByteOffset: 32 + 2 * lane, as: UInt16.self),
            slackBound: block.load(fromByteOffset: 48 + lane, as: UInt8.self))
    }

    func slot(_ place: Int) -> UInt32 {
        precondition(place < count, "no such member")
        guard let blocks else { preconditionFailure("a cell with members has storage") }
        return slots(blocks)[place]
    }

    /// Removes a member; the last one takes its place.
    ///
    /// - Returns: the user who took the place, if any.
    mutating func swapRemove(at place: Int, in heap: borrowing BlockHeap) -> UInt32? {
        precondition(place < count, "no such member")
        guard let blocks else { return nil }
        let last = count - 1
        var moved: UInt32?
        if place < last {
            let slot = slots(blocks)[last]
            slots(blocks)[place] = slot
            set(place, self[last])
            moved = slot
        }
        count -= 1
        if count == 0 {
            deallocate(in: heap)
            self = GridMembers()
        } else if count + count / 8 + Self.width <= capacity, count * 5 < capacity * 3 {
            resize(to: count + count / 8, in: heap)
        }
        return moved
    }

    /// Gives the storage back when the cell itself is about to vanish.
    func deallocate(in heap: borrowing BlockHeap) { if let blocks { heap.release(blocks) } }

    /// Asks for the first lines.
    @inline(__always)
    func prefetch() {
        guard let blocks else { return }
        let raw = UnsafeRawPointer(blocks)
        for line in 0..<min(8, (count + Self.width - 1) / Self.width) { vicinity_prefetch(raw + 64 * line) }
    }

    /// Moves the members to where there is room for so many or some more.
    private mutating func resize(to wanted: Int, in heap: borrowing BlockHeap) {
        let size = MemoryLayout<vicinity_members>.stride + Self.width * MemoryLayout<UInt32>.stride
        // Blocks of the heap lie on lines of the cache, so that one of members is a line.
        let (storage, bytes) = heap.obtain((wanted + Self.width - 1) / Self.width * size)
        let oldBlocks = blocks
        let oldSlots = blocks.map { slots($0) }
        let moved = storage.bindMemory(to: vicinity_members.self, capacity: bytes / size)
        blocks = moved
        capacity = bytes / size * Self.width
        storage.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        guard let oldBlocks, let oldSlots else { return }
        moved.update(from: oldBlocks, count: (count + Self.width - 1) / Self.width)
        slots(moved).update(from: oldSlots, count: count)
        heap.release(oldBlocks)
    }

    /// Appends all members.
    func append(to slots: inout [UInt32]) {
        guard let blocks else { return }
        slots.append(contentsOf: UnsafeBufferPointer(start: self.slots(blocks), count: count))
    }

    /// Appends those who may be no farther from the step's new place than their radius and the step's length.
    func append(to slots: inout [UInt32], near step: vicinity_step) {
        for place in 0..<count {
            let member = self[place]
            let high = Float(member.latitude) * step.latitude_unit + step.latitude_middle - step.latitude
            let wide = Float(member.longitude) * step.longitude_unit + step.longitude_middle - step.longitude
            let y = high * (step.meridian + step.meridian_slope * high)
            let x = wide * (step.parallel + step.parallel_slope * high)
            let radius = Float(member.radius) * step.radius_unit + step.radius_middle
            let reach = radius + Float(member.slackBound) + step.length + step.doubt
            if x * x + y * y <= reach * reach { slots.append(slot(place)) }
        }
    }

    /// Appends those for whom a subject's short step may change something.
    ///
    /// - Returns: the greatest bound of a slack in the cell, in metres.
    func append(to slots: inout [UInt32], concernedBy step: vicinity_step) -> UInt8 {
        guard let blocks, count > 0 else { return 0 }
        var step = step
        var greatest: UInt8 = 0
        let all = self.slots(blocks)
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count) { places in
            guard let base = places.baseAddress else { return }
            let found = vicinity_scan_step(blocks, count, &step, base, &greatest)
            for index in 0..<found { slots.append(all[Int(base[index])]) }
        }
        return greatest
    }
}
