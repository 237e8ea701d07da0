#include "faulty_disk.h"

#include "stable_storage.h"
#include "watch.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

// The real one, which was the default before.
static sqlite3_vfs *real_vfs;
static sqlite3_vfs watching_vfs;

// A file in the watched directory. The real one lies behind it in memory.
typedef struct {
    sqlite3_file base;
    content *content;
    uint64_t session;
    uint32_t kind;
    // SQLite's own VFS syncs the directory too when it syncs a journal for the first time.
    bool syncs_directory;
} watched_file;

static sqlite3_file *real(sqlite3_file *file) { return (sqlite3_file *)((watched_file *)file + 1); }

static int begin_file_call(uint32_t call, const sqlite3_file *file) {
    const watched_file *watched = (const watched_file *)file;
    return watched->session == watch_session() ? watch_call(call, watched->kind) : SQLITE_OK;
}

// For calls that change nothing that is on the disk, and may therefore overlap.
static int count_file_call(uint32_t call, const sqlite3_file *file) {
    watch_lock();
    int code = begin_file_call(call, file);
    watch_unlock();
    return code;
}

// MARK: Methods of a file

static int close_file(sqlite3_file *file) {
    int result = real(file)->pMethods->xClose(real(file));
    watch_lock();
    content_drop(((watched_file *)file)->content);
    watch_unlock();
    return result;
}

static int read_file(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
    int code = count_file_call(faulty_disk_read, file);
    return code != SQLITE_OK ? code : real(file)->pMethods->xRead(real(file), bytes, count, offset);
}

static int write_file(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
    watch_lock();
    int code = begin_file_call(faulty_disk_write, file);
    if (code != SQLITE_OK) { count = watch_written(count); }
    if (count > 0) {
        int result = real(file)->pMethods->xWrite(real(file), bytes, count, offset);
        if (result == SQLITE_OK) { content_write(((watched_file *)file)->content, offset, bytes, (size_t)count); }
        if (code == SQLITE_OK) { code = result; }
    }
    watch_unlock();
    return code;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size) {
    watch_lock();
    int code = begin_file_call(faulty_disk_truncate, file);
    if (code == SQLITE_OK) { code = real(file)->pMethods->xTruncate(real(file), size); }
    if (code == SQLITE_OK) { content_truncate(((watched_file *)file)->content, size); }
    watch_unlock();
    return code;
}

// The real file is never synced: whether the machine below keeps its promises is not what is tested, and it takes long.
static int sync_file(sqlite3_file *file, int flags) {
    (void)flags;
    watched_file *watched = (watched_file *)file;
    watch_lock();
    if (watched->session == watch_session()) { watch_wait_while_held(watched->kind); }
    int code = begin_file_call(faulty_disk_sync, file);
    if (code != SQLITE_OK) {
        content_fail_to_sync(watched->content, watch_random());
    } else {
        content_sync(watched->content);
        if (watched->syncs_directory && watched->session == watch_session()) { storage_sync_directory(); }
        watched->syncs_directory = false;
    }
    watch_unlock();
    return code;
}

static int size_of_file(sqlite3_file *file, sqlite3_int64 *size) {
    int code = count_file_call(faulty_disk_size, file);
    return code != SQLITE_OK ? code : real(file)->pMethods->xFileSize(real(file), size);
}

static int lock_file(sqlite3_file *file, int lock) {
    int code = count_file_call(faulty_disk_lock, file);
    return code != SQLITE_OK ? code : real(file)->pMethods->xLock(real(file), lock);
}

static int unlock_file(sqlite3_file *file, int lock) { return real(file)->pMethods->xUnlock(real(file), lock); }

static int check_reserved_lock(sqlite3_file *file, int *result) {
    return real(file)->pMethods->xCheckReservedLock(real(file), result);
}

static int control_file(sqlite3_file *file, int operation, void *argument) {
    return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

static int sector_size(sqlite3_file *file) { return real(file)->pMethods->xSectorSize(real(file)); }

static int device_characteristics(sqlite3_file *file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }

static int map_shm(sqlite3_file *file, int page, int size, int extend, void volatile **memory) {
    int code = count_file_call(faulty_disk_shm_map, file);
    return code != SQLITE_OK ? code : real(file)->pMethods->xShmMap(real(file), page, size, extend, memory);
}

static int lock_shm(sqlite3_file *file, int offset, int count, int flags) {
    // An unlock that fails has no meaning.
    int code = (flags & SQLITE_SHM_LOCK) != 0 ? count_file_call(faulty_disk_shm_lock, file) : SQLITE_OK;
    return code != SQLITE_OK ? code : real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void barrier_shm(sqlite3_file *file) { real(file)->pMethods->xShmBarrier(real(file)); }

static int unmap_shm(sqlite3_file *file, int and_delete) { return real(file)->pMethods->xShmUnmap(real(file), and_delete); }

// Of version 2: without memory-mapped reads and writes, which nobody could record.
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = map_shm,
    .xShmLock = lock_shm,
    .xShmBarrier = barrier_shm,
    .xShmUnmap = unmap_shm,
};

// MARK: Methods of the VFS

static int open_watched(const char *name, sqlite3_file *file, int flags, int *out_flags) {
    watched_file *watched = (watched_file *)file;
    uint32_t kind = watch_kind(name);
    int code = watch_call(faulty_disk_open, kind);
    if (code == SQLITE_READONLY) {
        flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
    } else if (code != SQLITE_OK) {
        return code;
    }
    int result = real_vfs->xOpen(real_vfs, name, real(file), flags, out_flags);
    if (result != SQLITE_OK) { return result; }
    watched->content = storage_open(name);
    watched->session = watch_session();
    watched->kind = kind;
    watched->syncs_directory = kind != faulty_disk_database && (flags & SQLITE_OPEN_CREATE) != 0;
    watched->base.pMethods = &methods;
    return SQLITE_OK;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags) {
    (void)vfs;
    watch_lock();
    bool watched = watch_covers(name);
    int result = SQLITE_OK;
    if (watched) {
        memset(file, 0, (size_t)watching_vfs.szOsFile);
        result = open_watched(name, file, flags, out_flags);
    }
    watch_unlock();
    return watched ? result : real_vfs->xOpen(real_vfs, name, file, flags, out_flags);
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int syncs_directory) {
    (void)vfs;
    watch_lock();
    bool watched = watch_covers(name);
    int code = watched ? watch_call(faulty_disk_delete, watch_kind(name)) : SQLITE_OK;
    if (code == SQLITE_OK) { code = real_vfs->xDelete(real_vfs, name, watched ? 0 : syncs_directory); }
    if (watched && code == SQLITE_OK) { storage_delete(name, syncs_directory != 0); }
    watch_unlock();
    return code;
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *result) {
    (void)vfs;
    watch_lock();
    int code = watch_covers(name) ? watch_call(faulty_disk_access, watch_kind(name)) : SQLITE_OK;
    watch_unlock();
    return code != SQLITE_OK ? code : real_vfs->xAccess(real_vfs, name, flags, result);
}

// MARK: The default

// The VFS stays known to SQLite for good, for files may be open that belong to it.
bool vfs_set_default(bool is_watching) {
    if (real_vfs == NULL) {
        if (sqlite3_initialize() != SQLITE_OK) { return false; }
        real_vfs = sqlite3_vfs_find(NULL);
        if (real_vfs == NULL) { return false; }
        // What is not replaced is called with our VFS in place of its own; none of that looks at it.
        watching_vfs = *real_vfs;
        watching_vfs.pNext = NULL;
        watching_vfs.zName = "faulty-disk";
        watching_vfs.szOsFile = (int)sizeof(watched_file) + real_vfs->szOsFile;
        watching_vfs.xOpen = open_file;
        watching_vfs.xDelete = delete_file;
        watching_vfs.xAccess = access_file;
    }
    return sqlite3_vfs_register(is_watching ? &watching_vfs : real_vfs, 1) == SQLITE_OK;
}
