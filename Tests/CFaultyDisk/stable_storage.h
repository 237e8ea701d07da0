// What is on stable storage, and what is only on its way there. The caller sees to it that one thread is here at a time.
#ifndef VICINITY_STABLE_STORAGE_H
#define VICINITY_STABLE_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a file holds, under whatever name, or none any more: an inode.
typedef struct content content;

content *content_keep(content *content);
void content_drop(content *content);

void content_write(content *content, int64_t offset, const void *bytes, size_t count);
void content_truncate(content *content, int64_t size);
// Everything that was done to it is on stable storage, and so is its name.
void content_sync(content *content);
// A part of what was done to it, which `random` chooses, is on stable storage; the rest never will be, for the system takes it for written.
void content_fail_to_sync(content *content, uint64_t *random);

// The content that has a name, kept for the caller; it is empty and new if nothing has the name.
content *storage_open(const char *name);
// Takes what a file holds as lying on stable storage. 0 or an errno.
int storage_learn(const char *name);
// Ends a name; `is_synced` says that the directory is synced afterwards.
void storage_delete(const char *name, bool is_synced);
// Creations and deletions are on stable storage.
void storage_sync_directory(void);
// Writes what is left when the power goes. 0 or an errno.
int storage_write_image(const char *directory, uint64_t seed);
// Forgets every name.
void storage_forget(void);

#endif
