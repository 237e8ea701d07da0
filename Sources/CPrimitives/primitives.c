#define _GNU_SOURCE
#include "CPrimitives.h"

#include <sys/mman.h>

void *vicinity_zeroed(size_t count, size_t size) {
    void *memory = mmap(NULL, count * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) abort();
    return memory;
}

void vicinity_release(void *memory, size_t count, size_t size) { munmap(memory, count * size); }
