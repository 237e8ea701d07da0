package import NIOCore

/// One conversation on one ``Connection``: what the transport calls when something happens to the socket.
///
/// Every call comes on the connection's event loop, one at a time, and never from within a call that the session itself makes to
/// its connection; so a session is an ordinary class without locks, and its methods are never entered twice at once. The order is
///
///     received* → inputEnded? → closed
///
/// with ``becameWritable()`` and ``outputTaken()`` anywhere before `closed`. After ``Connection/close(afterFlush:)`` only `closed` comes,
/// after ``Connection/detach()`` nothing.
package protocol Session: AnyObject {
    /// There is something new to read, or reading was resumed with something unread.
    ///
    /// The session takes what is complete by moving the buffer's reader index; what it leaves is kept, and seen again in front of what
    /// comes next. So the first unread byte stays the first, and a session may remember how far it has looked. The transport sets no
    /// bound to what is left: the session must close, or take and drop, a message that grows too long.
    func received(_ bytes: inout ByteBuffer)

    /// The peer will send no more: it closed its sending side, or vanished. Writing may still be possible.
    ///
    /// - Parameter rest: what `received` left unread, perhaps nothing. It is dropped afterwards.
    func inputEnded(_ rest: inout ByteBuffer)

    /// ``Connection/isWritable`` was false and is true again; or the peer has vanished while the session was kept from writing, so that
    /// whatever is written goes nowhere and nobody should wait.
    func becameWritable()

    /// Bytes have been read from the socket: only to be noted, for ``received(_:)`` brings them. Comes at once, also while the session is at work or has
    /// paused; nothing of the connection may be called.
    func arrived(_ bytes: ByteBuffer)

    /// The kernel has taken all that was written; comes, on a connection that keeps what it has not taken, after a flush that could not send all.
    func outputTaken()

    /// The connection is gone; the last call. What was written and not sent is lost.
    ///
    /// A connection that the peer closed stays until the session has been given all that came before; a session that paused reading
    /// must therefore resume one day, or close.
    func closed()
}

extension Session {
    package func arrived(_ bytes: ByteBuffer) {}
    package func outputTaken() {}
}
