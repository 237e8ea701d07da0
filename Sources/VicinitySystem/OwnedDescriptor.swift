import Glibc

/// The sole owner of an open file descriptor; closes it exactly once.
package struct OwnedDescriptor: ~Copyable {
    package let rawValue: CInt

    /// Takes over a descriptor that nobody else will close.
    package init(_ rawValue: CInt) { self.rawValue = rawValue }

    deinit { _ = close(rawValue) }

    /// Gives the descriptor up to somebody who will close it.
    package consuming func release() -> CInt {
        let descriptor = rawValue
        discard self
        return descriptor
    }
}
