// gzip to bytes, as `zcat` does it: members that follow one another are one stream, zeros after the last are padding.

internal import CZlib

/// Undoes gzip, piece by piece.
///
/// A class because zlib keeps the address of its `z_stream`: it lives in one allocation, owned and freed here.
package final class Inflater {
    package struct Fault: Error, Equatable, Sendable {
        /// A clause: "the gzip data is damaged".
        package let why: String
    }

    /// Sound because nobody else sees the pointer, and it is freed once, after `inflateEnd`.
    private let stream: UnsafeMutablePointer<z_stream>
    private var state = State.betweenMembers

    private enum State {
        case betweenMembers
        case inMember
        /// After the last member: only zeros are allowed.
        case padding
    }

    package init() throws(Fault) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard vicinity_inflate_init_gzip(stream) == Z_OK else {
            stream.deallocate()
            throw Fault(why: "zlib cannot start")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Whether the input may end here.
    package var isComplete: Bool { state != .inMember }

    /// Inflates from `input`, from `start` on, into `output`, which is replaced.
    ///
    /// - Parameter capacity: how many bytes `output` gets at most, > 0.
    /// - Returns: how much of `input` was used. Call again while it is less than there was, or `output` came out full.
    package func inflate(
        _ input: [UInt8], from start: Int, into output: inout [UInt8], capacity: Int
    ) throws(Fault) -> Int {
        var position = start
        output.removeAll(keepingCapacity: true)
        if state == .betweenMembers, position < input.count {
            state = input[position] == 0 ? .padding : .inMember
        }
        if state == .padding {
            guard input[position...].allSatisfy({ $0 == 0 }) else { throw Fault(why: "something follows the gzip data") }
            return input.count - start
        }
        var status = Z_OK
        // The pointers stay in these two closures: zlib is asked once and then told to forget them.
        output = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            status = input.withUnsafeBufferPointer { bytes in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)?.advanced(by: position)
                stream.pointee.avail_in = UInt32(bytes.count - position)
                stream.pointee.next_out = buffer.baseAddress
                stream.pointee.avail_out = UInt32(capacity)
                return CZlib.inflate(stream, Z_NO_FLUSH)
            }
            count = capacity - Int(stream.pointee.avail_out)
            position = input.count - Int(stream.pointee.avail_in)
            stream.pointee.next_in = nil
            stream.pointee.next_out = nil
        }
        switch status {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END:
            inflateReset(stream)
            state = .betweenMembers
        default: throw Fault(why: "the gzip data is damaged")
        }
        return position - start
    }
}
