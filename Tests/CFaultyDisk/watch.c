#include "watch.h"

#include "faulty_disk.h"
#include "stable_storage.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_calls = 16, most_files = 4 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;

static struct {
    char *directory;  // with a slash at the end; NULL if none is watched
    uint64_t session;
    uint64_t random;
    int64_t counts[most_calls][most_files];
    faulty_disk_fault fault;  // `calls` 0 for none
    int64_t failed;
    uint32_t held;  // files whose syncs wait
    int waiting;    // syncs that wait now
    struct {
        int64_t left;  // calls until then; 0 for never
        uint32_t calls;
        uint32_t files;
        char *directory;
        uint64_t seed;
        int result;
    } loss;
} state;

void watch_lock(void) { pthread_mutex_lock(&mutex); }

void watch_unlock(void) { pthread_mutex_unlock(&mutex); }

// MARK: For the VFS

bool watch_covers(const char *name) {
    return name != NULL && state.directory != NULL && strncmp(name, state.directory, strlen(state.directory)) == 0;
}

static bool ends_with(const char *name, const char *suffix) {
    size_t length = strlen(name);
    return length >= strlen(suffix) && strcmp(name + length - strlen(suffix), suffix) == 0;
}

uint32_t watch_kind(const char *name) {
    if (ends_with(name, "-wal")) { return faulty_disk_wal; }
    return ends_with(name, "-journal") ? faulty_disk_journal : faulty_disk_database;
}

uint64_t watch_session(void) { return state.session; }

uint64_t *watch_random(void) { return &state.random; }

int watch_written(int count) { return state.fault.written < count ? (int)state.fault.written : count; }

void watch_wait_while_held(uint32_t kind) {
    state.waiting += 1;
    while ((state.held & kind) != 0) { pthread_cond_wait(&released, &mutex); }
    state.waiting -= 1;
}

static int bit(uint32_t mask) { return __builtin_ctz(mask); }

int watch_call(uint32_t call, uint32_t kind) {
    state.counts[bit(call)][bit(kind)] += 1;
    if (state.loss.left > 0 && (state.loss.calls & call) != 0 && (state.loss.files & kind) != 0 && --state.loss.left == 0) {
        state.loss.result = storage_write_image(state.loss.directory, state.loss.seed);
    }
    faulty_disk_fault *fault = &state.fault;
    if ((fault->calls & call) == 0 || (fault->files & kind) == 0) { return SQLITE_OK; }
    if (fault->nth > 1) {
        fault->nth -= 1;
        return SQLITE_OK;
    }
    if (fault->times > 0 && state.failed >= fault->times) { return SQLITE_OK; }
    state.failed += 1;
    return fault->code;
}

// MARK: The watch

// Takes the databases of a directory, with their journals, as lying on stable storage. What is beside them is not SQLite's, or is never synced.
static bool learn(const char *path) {
    DIR *directory = opendir(path);
    if (directory == NULL) { return false; }
    bool is_learned = true;
    for (struct dirent *entry; is_learned && (entry = readdir(directory)) != NULL;) {
        const char *name = entry->d_name;
        if (!ends_with(name, ".db") && watch_kind(name) == faulty_disk_database) { continue; }
        char file[PATH_MAX];
        int length = snprintf(file, sizeof file, "%s/%s", path, name);
        is_learned = length > 0 && (size_t)length < sizeof file && storage_learn(file) == 0;
    }
    closedir(directory);
    return is_learned;
}

bool faulty_disk_begin(const char *directory, uint64_t seed) {
    char path[PATH_MAX];
    if (realpath(directory, path) == NULL) { return false; }
    watch_lock();
    bool begins = state.directory == NULL && learn(path) && vfs_set_default(true);
    if (!begins) {
        if (state.directory == NULL) { storage_forget(); }
    } else {
        uint64_t session = state.session + 1;
        memset(&state, 0, sizeof state);
        state.session = session;
        state.random = seed;
        state.directory = sqlite3_mprintf("%s/", path);
        state.loss.result = -1;
    }
    watch_unlock();
    return begins;
}

void faulty_disk_end(void) {
    watch_lock();
    if (state.directory != NULL) {
        vfs_set_default(false);
        storage_forget();
        sqlite3_free(state.directory);
        free(state.loss.directory);
        uint64_t session = state.session + 1;
        memset(&state, 0, sizeof state);
        state.session = session;
        pthread_cond_broadcast(&released);
    }
    watch_unlock();
}

int64_t faulty_disk_count(uint32_t calls, uint32_t files) {
    watch_lock();
    int64_t count = 0;
    for (uint32_t call = 0; call < most_calls; call++) {
        for (uint32_t file = 0; file < most_files; file++) {
            if ((calls >> call & 1) != 0 && (files >> file & 1) != 0) { count += state.counts[call][file]; }
        }
    }
    watch_unlock();
    return count;
}

// MARK: Faults and losses

void faulty_disk_fail(faulty_disk_fault fault) {
    watch_lock();
    state.fault = fault;
    state.failed = 0;
    watch_unlock();
}

int64_t faulty_disk_heal(void) {
    watch_lock();
    state.fault.calls = 0;
    int64_t failed = state.failed;
    watch_unlock();
    return failed;
}

int64_t faulty_disk_failed(void) {
    watch_lock();
    int64_t failed = state.failed;
    watch_unlock();
    return failed;
}

void faulty_disk_hold_syncs(uint32_t files) {
    watch_lock();
    state.held = files;
    pthread_cond_broadcast(&released);
    watch_unlock();
}

int faulty_disk_waiting(void) {
    watch_lock();
    int count = state.waiting;
    watch_unlock();
    return count;
}

int faulty_disk_lose_power(const char *directory, uint64_t seed) {
    watch_lock();
    int error = storage_write_image(directory, seed);
    watch_unlock();
    return error;
}

void faulty_disk_lose_power_at(int64_t nth, uint32_t calls, uint32_t files, const char *directory, uint64_t seed) {
    watch_lock();
    free(state.loss.directory);
    state.loss.directory = strdup(directory);
    state.loss.left = nth;
    state.loss.calls = calls;
    state.loss.files = files;
    state.loss.seed = seed;
    state.loss.result = -1;
    watch_unlock();
}

int faulty_disk_lost_power(void) {
    watch_lock();
    int result = state.loss.result;
    watch_unlock();
    return result;
}

void faulty_disk_keep_power(void) {
    watch_lock();
    state.loss.left = 0;
    watch_unlock();
}
