// The WGS 84 ellipsoid: the one place for its constants and for the formulas that need nothing else.
//
// Two numbers define it (NGA.STND.0036_1.0.0_WGS84, table 3.1); all others follow. They are computed properties, so that
// the compiler folds them into the code that uses them.

/// The WGS 84 ellipsoid. Lengths are in metres, angles in radians.
enum Ellipsoid {
    /// Defining: the radius of the equator, *a*.
    static var equatorialRadius: Double { 6_378_137 }
    /// Defining: the flattening, *f* = (a − b) / a.
    static var flattening: Double { 1 / 298.257223563 }

    /// The distance of a pole from the centre, *b*.
    static var polarRadius: Double { equatorialRadius * axisRatio }
    /// b / a.
    static var axisRatio: Double { 1 - flattening }
    /// The third flattening, *n* = (a − b) / (a + b).
    static var thirdFlattening: Double { flattening / (2 - flattening) }
    /// The first eccentricity squared, *e²* = (a² − b²) / a².
    static var eccentricitySquared: Double { flattening * (2 - flattening) }
    /// The second eccentricity squared, *e′²* = (a² − b²) / b².
    static var secondEccentricitySquared: Double { eccentricitySquared / (axisRatio * axisRatio) }

    /// Radians in one unit of 1e-7 degree.
    static var radiansPerUnit: Double { Double.pi / 1.8e9 }
}
