#define _GNU_SOURCE
#include "CPrimitives.h"

#include <sys/mman.h>

static const size_t huge_page = (size_t)2 << 20;

static void *map(size_t size, int protection) {
    void *memory = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) abort();
    return memory;
}

void *vicinity_zeroed(size_t count, size_t size) { return map(count * size, PROT_READ | PROT_WRITE); }

void vicinity_release(void *memory, size_t count, size_t size) { munmap(memory, count * size); }

void *vicinity_reserve(size_t size) {
    char *start = map(size + huge_page, PROT_NONE);
    size_t before = -(uintptr_t)start & (huge_page - 1);
    if (before > 0) munmap(start, before);
    munmap(start + before + size, huge_page - before);
    return start + before;
}

void vicinity_commit(void *memory, size_t size, int is_huge) {
    if (mprotect(memory, size, PROT_READ | PROT_WRITE) != 0) abort();
    // A kernel without huge pages refuses; everything works as well, only slower.
    if (is_huge) (void)madvise(memory, size, MADV_HUGEPAGE);
}

void vicinity_decommit(void *memory, size_t size) { (void)madvise(memory, size, MADV_DONTNEED); }
