package import VicinityCore

extension SubjectRow {
    /// The subject as the engine is told of it; `nil` if it is nowhere on earth.
    package var placement: SubjectPlacement? {
        Coordinate(latitudeDegrees: latitude, longitudeDegrees: longitude).map {
            SubjectPlacement(id: id, kind: kind, position: $0, precision: precision, validFrom: validFrom, validUntil: validUntil)
        }
    }
}
