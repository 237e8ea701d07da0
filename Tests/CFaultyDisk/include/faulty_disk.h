// A disk that forgets and fails, for tests of the store: a VFS of SQLite in front of the real one. Files in one directory are watched: what is
// written to them goes to the real file, so that everybody reads what was written, and into a record of what would be on the disk if the
// power went now. Files elsewhere do not notice that there is anything in between.
//
// One directory is watched at a time, by the whole process: a suite that uses this is serialized.
#ifndef VICINITY_FAULTY_DISK_H
#define VICINITY_FAULTY_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What SQLite asks of the system: bits of `calls`.
static const uint32_t faulty_disk_open = 1 << 0;
static const uint32_t faulty_disk_read = 1 << 1;
static const uint32_t faulty_disk_write = 1 << 2;
static const uint32_t faulty_disk_sync = 1 << 3;
static const uint32_t faulty_disk_truncate = 1 << 4;
static const uint32_t faulty_disk_size = 1 << 5;
static const uint32_t faulty_disk_lock = 1 << 6;
static const uint32_t faulty_disk_delete = 1 << 7;
static const uint32_t faulty_disk_access = 1 << 8;
static const uint32_t faulty_disk_shm_map = 1 << 9;
static const uint32_t faulty_disk_shm_lock = 1 << 10;

// Of which file: bits of `files`. Calls on the shared memory are calls on the database.
static const uint32_t faulty_disk_database = 1 << 0;
static const uint32_t faulty_disk_wal = 1 << 1;
static const uint32_t faulty_disk_journal = 1 << 2;

// MARK: The watch

// Begins to watch a directory, as the default VFS of connections that are opened from now on. Databases that lie in it count as being on stable
// storage, but for empty files, of which nobody knows. They must not be open in this process, which could lose its locks on them. The seed decides
// on what a sync that fails has written. False if a directory is watched already, or there is none of this name.
bool faulty_disk_begin(const char *_Nonnull directory, uint64_t seed);
// Ends the watch and every fault. Files that are still open go on working.
void faulty_disk_end(void);
// The calls since the watch began, those that failed included.
int64_t faulty_disk_count(uint32_t calls, uint32_t files);

// MARK: Faults

typedef struct {
    uint32_t calls;
    uint32_t files;
    int64_t nth;      // of the calls that match: 1 is the next one
    int64_t times;    // so many fail, one after the other; 0: all until the end of the fault
    int32_t code;     // a result code of SQLite; opening with SQLITE_READONLY succeeds, but what was opened cannot be written
    int64_t written;  // a write that fails has written so many bytes
} faulty_disk_fault;

// Plans a fault in place of the last one.
void faulty_disk_fail(faulty_disk_fault fault);
// Ends the fault; how many calls it has failed.
int64_t faulty_disk_heal(void);
// How many calls the fault has failed so far.
int64_t faulty_disk_failed(void);

// Syncs of these files wait, from now on, until they are not among those named last: a disk that is slow.
void faulty_disk_hold_syncs(uint32_t files);
// How many syncs wait now.
int faulty_disk_waiting(void);

// MARK: Loss of power

// Writes to a directory what a loss of power at this moment would leave: of each file what was there when it was last synced, and of what was
// done to it since a part that the seed chooses: each write whole, cut at multiples of 512 bytes, or not at all; truncations, creations and
// deletions likewise. Syncing a file keeps its entry in the directory too. 0 or an errno.
int faulty_disk_lose_power(const char *_Nonnull directory, uint64_t seed);
// The same just before the nth call from now; in place of the last such plan.
void faulty_disk_lose_power_at(int64_t nth, uint32_t calls, uint32_t files, const char *_Nonnull directory, uint64_t seed);
// What became of the plan: 0 if the power was lost, −1 if it did not come to it yet, or an errno.
int faulty_disk_lost_power(void);
// Ends the plan, if it did not come to it.
void faulty_disk_keep_power(void);

#endif
