import CPrimitives

/// Where the members of cells lie.
struct GridHeaps: ~Copyable {
    let slots = BlockHeap(.lists, reach: 16 << 30)
    let blocks = BlockHeap(.tables, reach: 32 << 30)
}

/// The users of a cell: their slots, and once a subject has moved, in a place of its own, what the cell knows of them, in blocks of eight,
/// each one line of the cache.
///
/// A fix that changes what the cell knows of its user writes into one line, and a subject's step judges eight users at once
/// (`gridscan.c`). 4 bytes a user, and 8 more once a subject has moved.
///
/// A plain value; not freed by itself, the grid calls ``deallocate(in:)`` once. Sound because cells live only in the engine's grid, which one
/// thread owns, and every index below ``count`` is initialised.
struct GridMembers {
    private var slots: UnsafeMutablePointer<UInt32>?
    /// As many as the capacity needs; `nil` in a grid that is blunt.
    private var blocks: UnsafeMutablePointer<vicinity_members>?
    private var used: UInt32 = 0
    private var capacity: UInt32 = 0

    private static var width: Int { 8 }

    init() {}

    @inline(__always)
    var count: Int { Int(used) }

    /// - Parameter isSharp: whether the cell knows more of its members than that they are there.
    /// - Returns: the place.
    mutating func append(_ slot: UInt32, _ member: GridMember, isSharp: Bool, in heaps: borrowing GridHeaps) -> Int {
        if used == capacity { resize(to: count + count / 8 + 1, isSharp: isSharp, in: heaps) }
        guard let slots else { preconditionFailure("a cell that has grown has storage") }
        slots[count] = slot
        used += 1
        if isSharp { set(count - 1, member) }
        return count - 1
    }

    /// Where the members' numbers of one block lie.
    @inline(__always)
    private func block(_ place: Int) -> UnsafeMutableRawPointer {
        guard let blocks else { preconditionFailure("a cell that is not sharp knows nothing of its members") }
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
        guard let slots else { preconditionFailure("a cell with members has storage") }
        return slots[place]
    }

    /// Removes a member; the last one takes its place.
    ///
    /// - Returns: the user who took the place, if any.
    mutating func swapRemove(at place: Int, in heaps: borrowing GridHeaps) -> UInt32? {
        precondition(place < count, "no such member")
        guard let slots else { return nil }
        let last = count - 1
        var moved: UInt32?
        if place < last {
            slots[place] = slots[last]
            if blocks != nil { set(place, self[last]) }
            moved = slots[last]
        }
        used -= 1
        if used == 0 {
            deallocate(in: heaps)
            self = GridMembers()
        } else if capacity > 8, used < capacity / 2 {
            resize(to: count + count / 4, isSharp: blocks != nil, in: heaps)
        }
        return moved
    }

    /// Gives the storage back when the cell itself is about to vanish.
    func deallocate(in heaps: borrowing GridHeaps) {
        if let slots { heaps.slots.release(slots) }
        if let blocks { heaps.blocks.release(blocks) }
    }

    /// Asks for the first lines.
    @inline(__always)
    func prefetch() {
        guard let blocks else { return vicinity_prefetch(slots) }
        let raw = UnsafeRawPointer(blocks)
        for line in 0..<min(8, (count + Self.width - 1) / Self.width) { vicinity_prefetch(raw + 64 * line) }
    }

    /// Moves the members to where there is room for so many or some more.
    private mutating func resize(to wanted: Int, isSharp: Bool, in heaps: borrowing GridHeaps) {
        let (memory, bytes) = heaps.slots.obtain(wanted * MemoryLayout<UInt32>.stride)
        let old = self
        let room = bytes / MemoryLayout<UInt32>.stride
        let fresh = memory.bindMemory(to: UInt32.self, capacity: room)
        slots = fresh
        capacity = UInt32(room)
        if let slots = old.slots { fresh.update(from: slots, count: count) }
        if isSharp {
            let fresh = Self.makeBlocks(capacity, in: heaps)
            if let blocks = old.blocks { fresh.update(from: blocks, count: (count + Self.width - 1) / Self.width) }
            blocks = fresh
        }
        old.deallocate(in: heaps)
    }

    private static func makeBlocks(_ capacity: UInt32, in heaps: borrowing GridHeaps) -> UnsafeMutablePointer<vicinity_members> {
        let count = (Int(capacity) + width - 1) / width
        let (memory, bytes) = heaps.blocks.obtain(count * MemoryLayout<vicinity_members>.stride)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        return memory.bindMemory(to: vicinity_members.self, capacity: count)
    }

    /// Appends all members.
    func append(to slots: inout [UInt32]) {
        slots.append(contentsOf: UnsafeBufferPointer(start: self.slots, count: count))
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
        guard let all = self.slots, let blocks, count > 0 else { return 0 }
        var step = step
        var greatest: UInt8 = 0
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count) { places in
            guard let base = places.baseAddress else { return }
            let found = vicinity_scan_step(blocks, count, &step, base, &greatest)
            for index in 0..<found { slots.append(all[Int(base[index])]) }
        }
        return greatest
    }
}
