// Datagrams that carry descriptors, as a service gets them to its manager (sd_pid_notify_with_fds(3)); their framing is macros in C.
#ifndef VICINITY_TEST_MESSAGES_H
#define VICINITY_TEST_MESSAGES_H

#include <stddef.h>

// Reads one datagram, waiting for it. `count` says how many descriptors there is room for, and then how many have come, each of them closed on
// exec. The bytes read, or the negated errno.
long messages_receive(int socket, void *_Nonnull bytes, size_t size, int *_Nonnull descriptors, size_t *_Nonnull count);

// Sends one datagram with a descriptor. 0, or the negated errno.
int messages_send(int socket, const char *_Nonnull path, const char *_Nonnull text, int descriptor);

#endif
