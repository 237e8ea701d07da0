#define _GNU_SOURCE
#include "include/accepts.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int watched = -1;
static int failure;
static int64_t successes_left;
static int64_t seen;

void accepts_watch(int descriptor, int error, int64_t successes) {
    pthread_mutex_lock(&lock);
    watched = descriptor;
    failure = error;
    successes_left = successes;
    seen = 0;
    pthread_mutex_unlock(&lock);
}

int64_t accepts_seen(void) {
    pthread_mutex_lock(&lock);
    int64_t count = seen;
    pthread_mutex_unlock(&lock);
    return count;
}

// The program's definition comes before the C library's.
int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags) {
    pthread_mutex_lock(&lock);
    bool is_watched = descriptor == watched;
    int error = is_watched && successes_left == 0 ? failure : 0;
    if (is_watched) { seen++; }
    pthread_mutex_unlock(&lock);
    if (error != 0) {
        errno = error;
        return -1;
    }
    int accepted = (int)syscall(SYS_accept4, descriptor, address, length, flags);
    if (is_watched && accepted >= 0) {
        pthread_mutex_lock(&lock);
        if (successes_left > 0) { successes_left--; }
        pthread_mutex_unlock(&lock);
    }
    return accepted;
}
