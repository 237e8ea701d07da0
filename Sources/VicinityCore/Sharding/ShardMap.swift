/// Which shard has whom, and slots of users of many shards as slots of one engine.
struct ShardMap {
    /// At least 1.
    let shardCount: Int

    /// The shard of a user, by the hash of the id.
    ///
    /// The index of users takes the bits below these and those above 32: by any of them a shard would have to do with a part of its tables.
    @inline(__always)
    func owner(of hash: UInt64) -> Int { Int(((hash >> 12 & 0xf_ffff) * UInt64(shardCount)) >> 20) }

    func slot(_ local: UInt32, of shard: Int) -> UInt32 { local * UInt32(shardCount) + UInt32(shard) }
    func shard(of slot: UInt32) -> Int { Int(slot % UInt32(shardCount)) }
    func local(_ slot: UInt32) -> UInt32 { slot / UInt32(shardCount) }
}
