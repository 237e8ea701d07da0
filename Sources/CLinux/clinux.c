#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

static const int64_t second = 1000000000;

static int result_or_errno(int result) { return result < 0 ? -errno : result; }

// MARK: Clocks

static int64_t read_clock(clockid_t clock) {
    struct timespec now;
    // Fails only for a clock that does not exist; these exist.
    if (clock_gettime(clock, &now) != 0) { abort(); }
    return (int64_t)now.tv_sec * second + now.tv_nsec;
}

int64_t vicinity_monotonic_nanoseconds(void) { return read_clock(CLOCK_MONOTONIC); }
int64_t vicinity_monotonic_milliseconds(void) { return read_clock(CLOCK_MONOTONIC) / 1000000; }
int64_t vicinity_unix_milliseconds(void) { return read_clock(CLOCK_REALTIME) / 1000000; }
int64_t vicinity_boot_milliseconds(void) { return read_clock(CLOCK_BOOTTIME) / 1000000; }
int64_t vicinity_thread_cpu_nanoseconds(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
int64_t vicinity_process_cpu_nanoseconds(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

// MARK: Threads

int vicinity_set_thread_name(const char *name) {
    char kept[16] = {0};
    strncpy(kept, name, sizeof kept - 1);
    return -pthread_setname_np(pthread_self(), kept);
}

struct vicinity_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
};

// A broken mutex cannot be answered: going on would mean going on without the lock.
static void must(int error) {
    if (error != 0) { abort(); }
}

vicinity_monitor *vicinity_monitor_create(void) {
    vicinity_monitor *monitor = malloc(sizeof *monitor);
    if (monitor == NULL) { abort(); }
    pthread_condattr_t attributes;
    must(pthread_condattr_init(&attributes));
    must(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    must(pthread_mutex_init(&monitor->mutex, NULL));
    must(pthread_cond_init(&monitor->condition, &attributes));
    must(pthread_condattr_destroy(&attributes));
    return monitor;
}

void vicinity_monitor_destroy(vicinity_monitor *monitor) {
    must(pthread_cond_destroy(&monitor->condition));
    must(pthread_mutex_destroy(&monitor->mutex));
    free(monitor);
}

void vicinity_monitor_lock(vicinity_monitor *monitor) { must(pthread_mutex_lock(&monitor->mutex)); }
void vicinity_monitor_unlock(vicinity_monitor *monitor) { must(pthread_mutex_unlock(&monitor->mutex)); }
void vicinity_monitor_wait(vicinity_monitor *monitor) { must(pthread_cond_wait(&monitor->condition, &monitor->mutex)); }
void vicinity_monitor_signal(vicinity_monitor *monitor) { must(pthread_cond_signal(&monitor->condition)); }
void vicinity_monitor_broadcast(vicinity_monitor *monitor) { must(pthread_cond_broadcast(&monitor->condition)); }

bool vicinity_monitor_wait_until(vicinity_monitor *monitor, int64_t deadline) {
    if (deadline < 0) { deadline = 0; }
    struct timespec until = {.tv_sec = deadline / second, .tv_nsec = deadline % second};
    int error = pthread_cond_timedwait(&monitor->condition, &monitor->mutex, &until);
    if (error == ETIMEDOUT) { return false; }
    must(error);
    return true;
}

// MARK: Unix sockets

int vicinity_unix_socket(void) { return result_or_errno(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

int vicinity_unix_datagram_socket(void) { return result_or_errno(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

int vicinity_unread_bytes(int descriptor) {
    int bytes = 0;
    return ioctl(descriptor, SIOCOUTQ, &bytes) < 0 ? -errno : bytes;
}

int vicinity_unix_path_limit(void) { return (int)sizeof(((struct sockaddr_un *)0)->sun_path) - 1; }

static int make_address(const char *path, struct sockaddr_un *address) {
    size_t length = strlen(path);
    memset(address, 0, sizeof *address);
    if (length == 0) { return -ENOENT; }
    if (length >= sizeof address->sun_path) { return -ENAMETOOLONG; }
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    return 0;
}

int vicinity_unix_bind(int descriptor, const char *path) {
    struct sockaddr_un address;
    int error = make_address(path, &address);
    if (error != 0) { return error; }
    return result_or_errno(bind(descriptor, (struct sockaddr *)&address, sizeof address));
}

int vicinity_unix_connect(int descriptor, const char *path) {
    struct sockaddr_un address;
    int error = make_address(path, &address);
    if (error != 0) { return error; }
    // A full backlog would make a blocking connect wait for a server that may never accept.
    struct timeval wait = {.tv_sec = 0, .tv_usec = 1000};
    if (setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0) { return -errno; }
    return result_or_errno(connect(descriptor, (struct sockaddr *)&address, sizeof address));
}

static int int_option(int descriptor, int option, int *value) {
    socklen_t length = sizeof *value;
    return result_or_errno(getsockopt(descriptor, SOL_SOCKET, option, value, &length));
}

int vicinity_is_listening_unix_socket(int descriptor) {
    int domain = 0, type = 0, listening = 0;
    int error = int_option(descriptor, SO_DOMAIN, &domain);
    if (error == 0) { error = int_option(descriptor, SO_TYPE, &type); }
    if (error == 0) { error = int_option(descriptor, SO_ACCEPTCONN, &listening); }
    if (error == -ENOTSOCK) { return 0; }
    if (error != 0) { return error; }
    return domain == AF_UNIX && type == SOCK_STREAM && listening != 0;
}

int vicinity_is_unix_stream(int descriptor) {
    int domain = 0, type = 0, listening = 0;
    int error = int_option(descriptor, SO_DOMAIN, &domain);
    if (error == 0) { error = int_option(descriptor, SO_TYPE, &type); }
    if (error == 0) { error = int_option(descriptor, SO_ACCEPTCONN, &listening); }
    if (error == -ENOTSOCK) { return 0; }
    if (error != 0) { return error; }
    return domain == AF_UNIX && type == SOCK_STREAM && listening == 0;
}

int vicinity_count_input(int descriptor) {
    int most = INT32_MAX;
    return result_or_errno(setsockopt(descriptor, SOL_SOCKET, SO_PEEK_OFF, &most, sizeof most));
}

int64_t vicinity_counted_input(int descriptor) {
    int left = 0;
    int error = int_option(descriptor, SO_PEEK_OFF, &left);
    if (error != 0) { return error; }
    return left < 0 ? -ENODATA : (int64_t)INT32_MAX - left;
}

int vicinity_peer_credentials(int descriptor, int32_t *process, uint32_t *user, uint32_t *group) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) { return -errno; }
    // A socket that is not of a connected Unix pair answers with nobody's credentials instead of an error.
    if (credentials.uid == (uid_t)-1) { return -ENOTCONN; }
    *process = credentials.pid;
    *user = credentials.uid;
    *group = credentials.gid;
    return 0;
}

int vicinity_peer_groups(int descriptor, uint32_t *groups, int capacity, int *needed) {
    _Static_assert(sizeof(gid_t) == sizeof(uint32_t), "groups are read as 32-bit numbers");
    socklen_t length = (socklen_t)capacity * sizeof(uint32_t);
    int result = getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups, &length);
    *needed = (int)(length / sizeof(uint32_t));
    return result != 0 ? -errno : *needed;
}

// MARK: Memory that outlives the process

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int vicinity_memory_file(const char *name) {
    int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
    // Kernels before 6.3 do not know the second flag.
    if (descriptor < 0 && errno == EINVAL) { descriptor = memfd_create(name, MFD_CLOEXEC); }
    return result_or_errno(descriptor);
}

int vicinity_map_shared(int descriptor, size_t length, void **address) {
    void *mapped = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (mapped == MAP_FAILED) { return -errno; }
    // What the mapping holds is for nobody's core dump.
    (void)madvise(mapped, length, MADV_DONTDUMP);
    *address = mapped;
    return 0;
}

void vicinity_unmap(void *address, size_t length) { (void)munmap(address, length); }

int vicinity_give_back(void *address, size_t length) { return result_or_errno(madvise(address, length, MADV_REMOVE)); }

uint64_t vicinity_load_acquire(const void *address) { return __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE); }

void vicinity_store_release(void *address, uint64_t value) { __atomic_store_n((uint64_t *)address, value, __ATOMIC_RELEASE); }

// MARK: Files and limits

int vicinity_try_lock(int descriptor) {
    int result;
    do {
        result = flock(descriptor, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    return result_or_errno(result);
}

int64_t vicinity_raise_open_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) { return -errno; }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) { return -errno; }
    return (int64_t)limit.rlim_cur;
}

int vicinity_forbid_core_dumps(void) {
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) { return -errno; }
    return result_or_errno(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

int vicinity_file_identity(int descriptor, uint64_t *device, uint64_t *inode) {
    struct stat found;
    if (fstat(descriptor, &found) != 0) { return -errno; }
    *device = found.st_dev;
    *inode = found.st_ino;
    return 0;
}

// MARK: Memory

size_t vicinity_malloc_free_bytes(void) { return mallinfo2().fordblks; }
void vicinity_malloc_trim(void) { (void)malloc_trim(0); }
