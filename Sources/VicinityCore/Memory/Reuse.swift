extension Array {
    /// Empties the array, and keeps its storage for the next time; not what only a crowd at one moment has needed, more than 4 MiB.
    ///
    /// A million users who fall silent together make lists of hundreds of MiB, which nobody fills again for a long time.
    @inline(__always)
    mutating func removeAllForReuse() { removeAll(keepingCapacity: capacity <= (4 << 20) / MemoryLayout<Element>.stride) }
}
