// Connections in other people's names, for tests of who may do what.
#ifndef VICINITY_TEST_PEERS_H
#define VICINITY_TEST_PEERS_H

#include <stddef.h>
#include <stdint.h>

// Connects a new non-blocking stream socket to `path` as a process with these numbers would; none of them needs an account. For root
// only. Only the calling thread is somebody else, and only for as long as this takes: the kernel notes a peer's credentials when it
// connects. The descriptor, or the negated errno.
int peers_connect(const char *_Nonnull path, uint32_t user, uint32_t group, const uint32_t *_Nullable groups, size_t count);

#endif
