// Reads the columns of a row without trusting it: in a file whose bits have flipped a column can be of any type.

import Foundation
import GRDB

/// A row of which each column is what its table says, or the file is damaged.
struct Columns {
    let row: Row
    let path: String
    /// For the operator: "block 17".
    let what: String

    var damaged: StoreFault { .damaged(path: path, what: "\(what) does not say what was written there") }

    func integer(_ index: Int) throws(StoreFault) -> Int64 {
        guard let value = try integerOrNull(index) else { throw damaged }
        return value
    }

    func integerOrNull(_ index: Int) throws(StoreFault) -> Int64? {
        let value: DatabaseValue = row[index]
        return switch value.storage {
        case .null: nil
        case .int64(let integer): integer
        case .double, .string, .blob: throw damaged
        }
    }

    func real(_ index: Int) throws(StoreFault) -> Double {
        guard let value = try realOrNull(index) else { throw damaged }
        return value
    }

    func realOrNull(_ index: Int) throws(StoreFault) -> Double? {
        let value: DatabaseValue = row[index]
        return switch value.storage {
        case .null: nil
        case .double(let double): double
        case .int64, .string, .blob: throw damaged
        }
    }

    func bytes(_ index: Int) throws(StoreFault) -> [UInt8] {
        guard let value = try bytesOrNull(index) else { throw damaged }
        return value
    }

    func bytesOrNull(_ index: Int) throws(StoreFault) -> [UInt8]? {
        do {
            return try row.withUnsafeData(atIndex: index) { data in data.map { [UInt8]($0) } }
        } catch {
            throw damaged
        }
    }

    func text(_ index: Int) throws(StoreFault) -> String {
        guard let value = try textOrNull(index) else { throw damaged }
        return value
    }

    func textOrNull(_ index: Int) throws(StoreFault) -> String? {
        let value: DatabaseValue = row[index]
        return switch value.storage {
        case .null: nil
        case .string(let string): string
        case .int64, .double, .blob: throw damaged
        }
    }

    func check(_ checksum: Int64, at index: Int) throws(StoreFault) {
        guard try integer(index) == checksum else { throw damaged }
    }
}
