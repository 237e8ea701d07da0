/// What a cell keeps of a user, in the cell's own quanta; see ``GridFrame``.
struct GridMember: Equatable {
    /// From the cell's south-west corner.
    var latitude: UInt16
    var longitude: UInt16
    var radius: UInt16
    /// Metres; at least the user's slack.
    var slackBound: UInt8

    /// Whole metres that are no less than a slack.
    @inline(__always)
    static func bound(of slack: Float) -> UInt8 { UInt8(min(255, max(0, slack.rounded(.up)))) }
}

/// A cell's corner and its quanta: what turns 16 bits into a place or a radius.
///
/// A cell of level L, of a grid that is sharp, is 2^(15 + L) units of latitude tall, so that up to level 1, where the usual radii are, latitudes are kept as they are, and
/// above to 2^(L − 1) units. Longitudes are as wide as it takes. Radii of a level are at most 364 m × 2^L.
struct GridFrame {
    /// Units of 1e-7 degree.
    let south: Int32
    let west: Int32
    /// Bits of the units that are dropped.
    let latitudeShift: UInt8
    let longitudeShift: UInt8
    let level: UInt8

    /// - Parameter width: units of longitude.
    init(south: Int64, west: Int64, width: Int64, level: Int) {
        self.south = Int32(south)
        self.west = Int32(west)
        latitudeShift = UInt8(max(0, level - 1))
        var shift: UInt8 = 0
        while width >> Int64(shift) > 0xffff { shift += 1 }
        longitudeShift = shift
        self.level = UInt8(level)
    }

    /// Metres for which 1 of a radius stands: 5.6 mm × 2^L.
    var radiusUnit: Double { 364.0 * Double(1 << Int(level)) / 65_536 }

    /// How far a place or a radius can be from what is kept of it, in metres, both together.
    ///
    /// Half the diagonal of a quantum, which is at most 1.2 cm × 2^L in either direction, and half a quantum of the radius.
    static func error(level: Int) -> Double { 0.012 * Double(1 << level) }

    @inline(__always)
    func member(_ anchor: Coordinate, radius: Double, slackBound: UInt8) -> GridMember {
        GridMember(
            latitude: UInt16(clamping: (Int64(anchor.latitude) - Int64(south)) >> Int64(latitudeShift)),
            longitude: UInt16(clamping: (Int64(anchor.longitude) - Int64(west)) >> Int64(longitudeShift)),
            radius: UInt16(max(0, min(65_535, radius / radiusUnit))), slackBound: slackBound)
    }

    /// The middle of what a quantum stands for, in quanta and units of 1e-7 degree: a place that is kept as it is lies at its beginning.
    static func middle(_ shift: UInt8) -> Float { shift == 0 ? 0 : Float(1 << (Int(shift) - 1)) }
}
