// Memory from the system itself, in pieces that go back to it; aborts where there is none.
//
// What malloc keeps it seldom gives back, and it gives no huge pages: on a virtual machine a walk through the tables of 4 KiB pages costs
// more than the access for which it is made.
#ifndef VICINITY_MEMORY_H
#define VICINITY_MEMORY_H

#include <stddef.h>

// Zeroed memory that costs nothing until it is touched. What malloc gives may have been used before, and would have to be zeroed by
// touching it. Give it back with `vicinity_release` and the same numbers.
void *_Nonnull vicinity_zeroed(size_t count, size_t size);
void vicinity_release(void *_Nonnull memory, size_t count, size_t size);

// Addresses without memory, `size` of them, from a multiple of 2 MiB on. Nothing is charged for them, whatever the system thinks of
// overcommitment. Give them back with `vicinity_release(…, 1, size)`.
void *_Nonnull vicinity_reserve(size_t size);
// Puts zeroed memory behind a part of them, and asks for huge pages if wanted; a request that may be refused.
void vicinity_commit(void *_Nonnull memory, size_t size, int is_huge);
// Takes it away again; what is read there is 0, and what is written there comes to new memory.
void vicinity_decommit(void *_Nonnull memory, size_t size);

#endif
