// What is watched, counted and planned: the part of the faulty disk that both its faces see, the tests' and SQLite's. All but the lock itself
// is called with the lock held. It is held while a call that changes something is made too, so that the record has the order of the real files.
#ifndef VICINITY_WATCH_H
#define VICINITY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

void watch_lock(void);
void watch_unlock(void);

// Whether a path lies in the watched directory.
bool watch_covers(const char *name);
// Which of the files it is, by its name.
uint32_t watch_kind(const char *name);
// Which watch this is. Files that were opened under another one are let be.
uint64_t watch_session(void);
// Waits, without the lock meanwhile, until syncs of files of this kind are not held.
void watch_wait_while_held(uint32_t kind);
// Counts a call before it is made. The code that it shall fail with, or SQLITE_OK.
int watch_call(uint32_t call, uint32_t kind);
// How much of so many bytes a write that fails has written.
int watch_written(int count);
// For what a sync that fails has done.
uint64_t *watch_random(void);

// Of the VFS: makes it the default one, or the real one again. False if SQLite refuses.
bool vfs_set_default(bool is_watching);

#endif
