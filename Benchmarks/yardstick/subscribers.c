#define _GNU_SOURCE
// subscribers: many subscriptions to an events socket that read everything at once.
//
//   cc -O2 subscribers.c -o subscribers
//   subscribers --to SOCKET [--connections 100] [--subscribe '{"subscribe":{}}']
//
// Prints a line as soon as all are subscribed. Ends at SIGINT or SIGTERM, after having read what has come until then, and prints how many events the
// subscriptions got (each, at the least and at the most) and the holes in their seq.
#include "hist.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ROOM = 1 << 16 };
typedef struct { int fd, isOpen; uint64_t n, seq, holes, other; size_t have; char *b; } Conn;
static volatile sig_atomic_t stop; static void onSignal(int s) { (void)s; stop = 1; }

int main(int argc, char **argv) {
    const char *to = 0, *sub = "{\"subscribe\":{}}"; int K = 100;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
#define OPT(w) (!strcmp(a, w) && ++i)
        if (OPT("--to")) to = v; else if (OPT("--connections")) K = atoi(v); else if (OPT("--subscribe")) sub = v;
        else { fprintf(stderr, "subscribers: unknown option %s\n", a); return 64; }
    }
    if (!to || K < 1 || K > 100000) { fprintf(stderr, "usage: subscribers --to SOCKET [--connections N] [--subscribe LINE]\n"); return 64; }
    struct sigaction sa = {.sa_handler = onSignal}; sigaction(SIGINT, &sa, 0); sigaction(SIGTERM, &sa, 0);
    Conn *c = calloc(K, sizeof *c); int ep = epoll_create1(0), left = K, answered = 0; struct epoll_event *ready = malloc(K * sizeof *ready); uint64_t bytes = 0;
    for (int k = 0; k < K; k++) {
        struct sockaddr_un a = {.sun_family = AF_UNIX}; strncpy(a.sun_path, to, sizeof a.sun_path - 1); int ok = 0;
        for (int t = 0; t < 500 && !ok; t++) { c[k].fd = socket(AF_UNIX, SOCK_STREAM, 0); ok = !connect(c[k].fd, (void *)&a, sizeof a); if (!ok) { close(c[k].fd); usleep(20000); } }
        if (!ok) { perror(to); return 1; }
        if (dprintf(c[k].fd, "%s\n", sub) < 0) { perror(to); return 1; }
        fcntl(c[k].fd, F_SETFL, O_NONBLOCK); c[k].b = malloc(ROOM); c[k].isOpen = 1;
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = k}; epoll_ctl(ep, EPOLL_CTL_ADD, c[k].fd, &e);
    }
    while (left) {
        int m = epoll_wait(ep, ready, K, stop ? 0 : 100);
        if (m <= 0) { if (stop) break; continue; }
        for (int i = 0; i < m; i++) {
            Conn *x = &c[ready[i].data.u32]; ssize_t g = read(x->fd, x->b + x->have, ROOM - x->have);
            if (g < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (g <= 0) { close(x->fd); x->isOpen = 0; left--; continue; }
            x->have += g; bytes += g; char *p = x->b, *e;
            while ((e = memchr(p, '\n', x->b + x->have - p))) {
                if (strncmp(p, "{\"seq\":", 7)) { if (!x->other++ && ++answered == K) { printf("{\"subscribed\":%d}\n", K); fflush(stdout); } p = e + 1; continue; }
                uint64_t s = strtoull(p + 7, 0, 10); if (x->seq && s != x->seq + 1) x->holes++;
                x->seq = s; x->n++; p = e + 1;
            }
            x->have = x->b + x->have - p; memmove(x->b, p, x->have); if (x->have == ROOM) { fprintf(stderr, "subscribers: a line of more than %d bytes\n", ROOM); return 1; }
        }
    }
    uint64_t events = 0, least = UINT64_MAX, most = 0, holes = 0;
    for (int k = 0; k < K; k++) { events += c[k].n; holes += c[k].holes; if (c[k].n < least) least = c[k].n; if (c[k].n > most) most = c[k].n; }
    printf("{\"connections\":%d,\"events\":%llu,\"least\":%llu,\"most\":%llu,\"holes\":%llu,\"closed\":%d,\"bytes\":%llu,\"cpu_s\":%.3f}\n",
        K, (unsigned long long)events, (unsigned long long)least, (unsigned long long)most, (unsigned long long)holes, K - left, (unsigned long long)bytes, cpuSeconds());
    return 0;
}
