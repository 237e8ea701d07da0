#define _GNU_SOURCE
#include "include/peers.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

// The C library's setresuid() and its like change every thread of the process; the system calls change the one that calls.
static int set_effective_user(uid_t user) { return (int)syscall(SYS_setresuid, (uid_t)-1, user, (uid_t)-1); }
static int set_effective_group(gid_t group) { return (int)syscall(SYS_setresgid, (gid_t)-1, group, (gid_t)-1); }
static int set_groups(size_t count, const gid_t *groups) { return (int)syscall(SYS_setgroups, count, groups); }

// A thread that stays somebody else would falsify every test after it.
static void must(int result) {
    if (result != 0) { abort(); }
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) { return -ENAMETOOLONG; }
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) { return -errno; }
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

int peers_connect(const char *path, uint32_t user, uint32_t group, const uint32_t *groups, size_t count) {
    _Static_assert(sizeof(gid_t) == sizeof(uint32_t), "groups are 32-bit numbers");
    if (geteuid() != 0) { return -EPERM; }
    gid_t own_group = getegid();
    int own_count = getgroups(0, NULL);
    if (own_count < 0) { return -errno; }
    gid_t *own_groups = calloc((size_t)own_count + 1, sizeof *own_groups);
    if (own_groups == NULL || getgroups(own_count, own_groups) != own_count) { abort(); }

    // Groups while the thread is still root, who alone may set them.
    int result = set_groups(count, groups) != 0 || set_effective_group(group) != 0 || set_effective_user(user) != 0 ? -errno : 0;
    if (result == 0) { result = connect_to(path); }

    must(set_effective_user(0));
    must(set_effective_group(own_group));
    must(set_groups((size_t)own_count, own_groups));
    free(own_groups);
    return result;
}
