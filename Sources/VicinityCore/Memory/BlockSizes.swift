/// The sizes in which a ``BlockHeap`` gives blocks, in bytes, smallest first.
///
/// They grow by an eighth to a fifth, so that a list that has grown to any length wastes about a tenth, where doubling would waste a third.
struct BlockSizes {
    let bytes: [Int]

    /// For lists of 8 and 20 bytes an element: each number of elements up to eight, then four steps for each doubling.
    ///
    /// Multiples of 4. The greatest holds 1,023 elements of 20 bytes, which is what a ``SmallList`` can count.
    static var lists: BlockSizes {
        var bytes = [8, 16, 20, 24, 32, 40, 48, 60, 64, 80, 100, 120, 140, 160]
        for base in [160, 320, 640, 1280, 2560, 5120, 10_240] { bytes += (1...4).map { base + base / 4 * $0 } }
        return BlockSizes(bytes: bytes)
    }

    /// For tables that lie on lines of the cache: multiples of 64.
    static var tables: BlockSizes {
        var bytes = (1...8).map { 64 * $0 }
        for base in [512, 1024, 2048, 4096, 8192, 16_384] { bytes += (1...4).map { base + base / 4 * $0 } }
        return BlockSizes(bytes: bytes)
    }
}
