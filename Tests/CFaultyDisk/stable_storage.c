#include "stable_storage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A disk writes sectors whole.
enum { sector = 512, most_names = 16 };

static void *must(void *memory) {
    if (memory == NULL) { abort(); }
    return memory;
}

// SplitMix64.
static uint64_t draw(uint64_t *random) {
    uint64_t word = (*random += 0x9E3779B97F4A7C15);
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
    return word ^ (word >> 31);
}

// MARK: Bytes

typedef struct {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
} buffer;

static void resize(buffer *buffer, size_t size) {
    if (size > buffer->capacity) {
        buffer->capacity = size + size / 2;
        buffer->bytes = must(realloc(buffer->bytes, buffer->capacity));
    }
    if (size > buffer->size) { memset(buffer->bytes + buffer->size, 0, size - buffer->size); }
    buffer->size = size;
}

static void put(buffer *buffer, size_t offset, const uint8_t *bytes, size_t count) {
    if (count == 0) { return; }
    if (offset + count > buffer->size) { resize(buffer, offset + count); }
    memcpy(buffer->bytes + offset, bytes, count);
}

// MARK: Changes

// A write, or a truncation, which has no bytes.
typedef struct change {
    struct change *next;
    uint8_t *bytes;
    size_t offset;
    size_t count;
} change;

struct content {
    int references;
    buffer durable;
    change *first;
    change *last;
};

static void apply(buffer *buffer, const change *change) {
    if (change->bytes == NULL) {
        resize(buffer, change->offset);
    } else {
        put(buffer, change->offset, change->bytes, change->count);
    }
}

// A run of the sectors that the write touches.
static void tear(buffer *buffer, const change *change, uint64_t *random) {
    size_t first = change->offset / sector;
    size_t end = (change->offset + change->count + sector - 1) / sector;
    size_t from = first + draw(random) % (end - first);
    size_t to = from + draw(random) % (end - from + 1);
    size_t begin = from * sector > change->offset ? from * sector : change->offset;
    size_t limit = to * sector < change->offset + change->count ? to * sector : change->offset + change->count;
    if (begin < limit) { put(buffer, begin, change->bytes + (begin - change->offset), limit - begin); }
}

// How much of what was not synced reaches the disk: a seed is for all or nothing as often as for something in between.
static unsigned draw_mood(uint64_t *random) { return (unsigned)(draw(random) % 5) * 2; }

static void apply_some(buffer *buffer, const content *content, unsigned mood, uint64_t *random) {
    for (const change *change = content->first; change != NULL; change = change->next) {
        if (mood == 8) {
            apply(buffer, change);
        } else if (draw(random) % 8 < mood) {
            if (change->bytes != NULL && draw(random) % 3 == 0) {
                tear(buffer, change, random);
            } else {
                apply(buffer, change);
            }
        }
    }
}

static void add(content *content, size_t offset, const void *bytes, size_t count) {
    change *added = must(calloc(1, sizeof *added));
    added->offset = offset;
    added->count = count;
    if (bytes != NULL) {
        added->bytes = must(malloc(count));
        memcpy(added->bytes, bytes, count);
    }
    if (content->last == NULL) {
        content->first = added;
    } else {
        content->last->next = added;
    }
    content->last = added;
}

static void forget_changes(content *content) {
    for (change *change = content->first; change != NULL;) {
        struct change *next = change->next;
        free(change->bytes);
        free(change);
        change = next;
    }
    content->first = NULL;
    content->last = NULL;
}

void content_write(content *content, int64_t offset, const void *bytes, size_t count) {
    if (count > 0) { add(content, (size_t)offset, bytes, count); }
}

void content_truncate(content *content, int64_t size) { add(content, (size_t)size, NULL, 0); }

void content_fail_to_sync(content *content, uint64_t *random) {
    apply_some(&content->durable, content, draw_mood(random), random);
    forget_changes(content);
}

content *content_keep(content *content) {
    content->references += 1;
    return content;
}

void content_drop(content *content) {
    if (content == NULL || --content->references > 0) { return; }
    forget_changes(content);
    free(content->durable.bytes);
    free(content);
}

// MARK: Names

typedef struct {
    char *name;
    content *now;      // NULL if there is none of this name
    content *durable;  // what stable storage knows under this name; NULL if it does not know it
} entry;

static entry entries[most_names];
static size_t entry_count;

static void replace(content **place, content *content) {
    if (content != NULL) { content_keep(content); }
    content_drop(*place);
    *place = content;
}

static entry *find(const char *name) {
    for (size_t index = 0; index < entry_count; index++) {
        if (strcmp(entries[index].name, name) == 0) { return &entries[index]; }
    }
    if (entry_count == most_names) { abort(); }
    entry *added = &entries[entry_count++];
    *added = (entry){.name = must(strdup(name))};
    return added;
}

content *storage_open(const char *name) {
    entry *found = find(name);
    if (found->now == NULL) {
        found->now = must(calloc(1, sizeof *found->now));
        found->now->references = 1;
    }
    return content_keep(found->now);
}

void storage_delete(const char *name, bool is_synced) {
    replace(&find(name)->now, NULL);
    if (is_synced) { storage_sync_directory(); }
}

void storage_sync_directory(void) {
    for (size_t index = 0; index < entry_count; index++) { replace(&entries[index].durable, entries[index].now); }
}

void content_sync(content *content) {
    for (const change *change = content->first; change != NULL; change = change->next) { apply(&content->durable, change); }
    forget_changes(content);
    for (size_t index = 0; index < entry_count; index++) {
        if (entries[index].now == content) { replace(&entries[index].durable, content); }
    }
}

void storage_forget(void) {
    for (size_t index = 0; index < entry_count; index++) {
        content_drop(entries[index].now);
        content_drop(entries[index].durable);
        free(entries[index].name);
    }
    entry_count = 0;
}

// MARK: Files

int storage_learn(const char *name) {
    int descriptor = open(name, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) { return errno; }
    content *content = storage_open(name);
    uint8_t bytes[1 << 14];
    ssize_t count = 0;
    for (int64_t offset = 0; (count = read(descriptor, bytes, sizeof bytes)) > 0; offset += count) {
        content_write(content, offset, bytes, (size_t)count);
    }
    int error = count < 0 ? errno : 0;
    if (content->first != NULL) { content_sync(content); }
    content_drop(content);
    close(descriptor);
    return error;
}

static int write_file(const char *path, const buffer *buffer) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) { return errno; }
    int error = 0;
    for (size_t done = 0; done < buffer->size && error == 0;) {
        ssize_t written = write(descriptor, buffer->bytes + done, buffer->size - done);
        if (written > 0) {
            done += (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            error = written == 0 ? EIO : errno;
        }
    }
    if (close(descriptor) != 0 && error == 0) { error = errno; }
    return error;
}

int storage_write_image(const char *directory, uint64_t seed) {
    uint64_t random = seed;
    unsigned mood = draw_mood(&random);
    for (size_t index = 0; index < entry_count; index++) {
        const entry *entry = &entries[index];
        // Where the name was given to another file since, or to none, either may be what the disk knows.
        bool is_new = mood == 8 || (mood != 0 && draw(&random) % 2 == 0);
        const content *content = is_new ? entry->now : entry->durable;
        if (content == NULL) { continue; }
        const char *slash = strrchr(entry->name, '/');
        char path[PATH_MAX];
        int length = snprintf(path, sizeof path, "%s/%s", directory, slash == NULL ? entry->name : slash + 1);
        if (length < 0 || (size_t)length >= sizeof path) { return ENAMETOOLONG; }
        buffer image = {0};
        put(&image, 0, content->durable.bytes, content->durable.size);
        apply_some(&image, content, mood, &random);
        int error = write_file(path, &image);
        free(image.bytes);
        if (error != 0) { return error; }
    }
    return 0;
}
