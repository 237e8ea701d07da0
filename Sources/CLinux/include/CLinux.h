// The calls of Linux that Swift's Glibc module does not show (GNU extensions, macros, variadics), behind plain types.
//
// One convention for errors: what returns `int` returns a result of 0 or more, or the negated errno. `errno` itself need
// not be read, so nothing depends on what happens between a call and a look at it.
#ifndef VICINITY_CLINUX_H
#define VICINITY_CLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: Clocks

// CLOCK_MONOTONIC, in nanoseconds since an arbitrary start; never goes back, stands still while the machine sleeps.
int64_t vicinity_monotonic_nanoseconds(void);

// The same in milliseconds, rounded down.
int64_t vicinity_monotonic_milliseconds(void);

// CLOCK_REALTIME, in milliseconds since 1970; may jump.
int64_t vicinity_unix_milliseconds(void);

// CLOCK_BOOTTIME, in milliseconds; cannot be set, and runs on while the machine sleeps.
int64_t vicinity_boot_milliseconds(void);

// The CPU time that the calling thread, or the whole process, has used, in nanoseconds.
int64_t vicinity_thread_cpu_nanoseconds(void);
int64_t vicinity_process_cpu_nanoseconds(void);

// MARK: Threads

// Names the calling thread; the kernel keeps the first 15 bytes. 0 or the negated errno.
int vicinity_set_thread_name(const char *_Nonnull name);

// A mutex and a condition that belong together. Waits end by the monotonic clock, so that a jump of the wall clock
// neither prolongs nor cuts one.
typedef struct vicinity_monitor vicinity_monitor;

vicinity_monitor *_Nonnull vicinity_monitor_create(void); // aborts when memory is out
void vicinity_monitor_destroy(vicinity_monitor *_Nonnull monitor); // nobody may hold it or wait
void vicinity_monitor_lock(vicinity_monitor *_Nonnull monitor);
void vicinity_monitor_unlock(vicinity_monitor *_Nonnull monitor);
// Both waits need the lock, give it up while they wait, and hold it again when they return. They may return without
// a signal: the caller looks at its condition again.
void vicinity_monitor_wait(vicinity_monitor *_Nonnull monitor);
// False when the monotonic clock reached `deadline` (nanoseconds) without a signal.
bool vicinity_monitor_wait_until(vicinity_monitor *_Nonnull monitor, int64_t deadline);
void vicinity_monitor_signal(vicinity_monitor *_Nonnull monitor);    // wakes one waiter, if there is one
void vicinity_monitor_broadcast(vicinity_monitor *_Nonnull monitor); // wakes all

// MARK: Unix sockets

// A new stream socket, closed on exec. The descriptor, or the negated errno.
int vicinity_unix_socket(void);
// A new datagram socket, closed on exec, that never waits. The descriptor, or the negated errno.
int vicinity_unix_datagram_socket(void);
// How much of what was sent on a datagram socket nobody has read yet, in the kernel's own bytes; 0 when all has been. Or the negated errno.
int vicinity_unread_bytes(int descriptor);
// The longest path that fits a socket's address, in bytes.
int vicinity_unix_path_limit(void);
// Binds or connects to a path; -ENAMETOOLONG for one that does not fit. Connecting does not wait: -EAGAIN means that
// somebody listens and has no room now.
int vicinity_unix_bind(int descriptor, const char *_Nonnull path);
int vicinity_unix_connect(int descriptor, const char *_Nonnull path);
// 1 for a Unix stream socket that listens, 0 for anything else, or the negated errno.
int vicinity_is_listening_unix_socket(int descriptor);

// Who is on the other side of a connected Unix socket, as of its connect() (or, seen from a client, of the server's
// listen()). `process` is 0 if it is not visible from this PID namespace.
int vicinity_peer_credentials(int descriptor, int32_t *_Nonnull process, uint32_t *_Nonnull user, uint32_t *_Nonnull group);
// Writes the peer's supplementary groups and returns how many there are; -ERANGE if there are more than `capacity`, with
// the number in `*needed`.
int vicinity_peer_groups(int descriptor, uint32_t *_Nullable groups, int capacity, int *_Nonnull needed);

// 1 for a Unix stream socket that does not listen, 0 for anything else, or the negated errno.
int vicinity_is_unix_stream(int descriptor);

// Makes the kernel count what is taken out of a stream socket from now on: 0 or the negated errno. It is the offset of a
// peek that nobody makes (SO_PEEK_OFF), which the kernel moves back by each byte that is read, in the same call. So the count
// outlives the process together with the socket, and cannot be wrong by what a killed process had read last.
int vicinity_count_input(int descriptor);
// The bytes that were taken out since then, right up to 2^31 - 1; or the negated errno, -ENODATA if they are not counted.
int64_t vicinity_counted_input(int descriptor);

// MARK: Memory that outlives the process

// A file without a name that lives in memory, closed on exec and never executable. The descriptor, or the negated errno.
int vicinity_memory_file(const char *_Nonnull name);
// Maps the first `length` bytes of a file for reading and writing, shared with everybody who maps it. 0 or the negated errno.
int vicinity_map_shared(int descriptor, size_t length, void *_Nullable *_Nonnull address);
void vicinity_unmap(void *_Nonnull address, size_t length);
// Gives the memory of whole pages of a shared mapping back; they are read as zeros afterwards. 0 or the negated errno.
int vicinity_give_back(void *_Nonnull address, size_t length);
// One aligned word. What was stored before a release is there for whoever sees it by an acquire, also in another process, and
// also if this one is killed right after it.
uint64_t vicinity_load_acquire(const void *_Nonnull address);
void vicinity_store_release(void *_Nonnull address, uint64_t value);

// MARK: Files and limits

// An exclusive advisory lock on an open file or directory (flock): 0, -EWOULDBLOCK if another holds it, or an error. It
// belongs to the open file and ends when the last descriptor of it is closed, however the process ends.
int vicinity_try_lock(int descriptor);

// Raises the soft limit on open files to the hard one. The limit now in force, or the negated errno.
int64_t vicinity_raise_open_file_limit(void);

// Makes that this process leaves no core dump, whoever would take it: sets both limits of RLIMIT_CORE to 0, which an ordinary core file
// obeys, and takes the dumpable flag away, which the kernel looks at before it pipes a core to a program, where the limit counts for
// nothing. Without the flag no other process of the same user may read its memory either. 0 or the negated errno.
int vicinity_forbid_core_dumps(void);

// The device and the inode of an open file, for comparison with what JOURNAL_STREAM says. 0 or the negated errno.
int vicinity_file_identity(int descriptor, uint64_t *_Nonnull device, uint64_t *_Nonnull inode);

// Bytes that malloc holds and nobody uses, in all its arenas, whether they take memory or not. Takes the lock of each arena for a moment.
size_t vicinity_malloc_free_bytes(void);

// Gives the whole pages among them back to the system. Holds the lock of an arena as long as that takes: some 0.2 ms for each MiB that is given back.
void vicinity_malloc_trim(void);

#endif
