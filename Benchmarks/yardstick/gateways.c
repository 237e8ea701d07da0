#define _GNU_SOURCE
// gateways: many connections to an ingest socket, each of which writes every line by itself; how evenly they are served.
//
//   cc -O2 gateways.c -o gateways
//   gateways --file fixes.ndjson --to SOCKET [--connections 1000]
//
// The lines are dealt by the sender's id, so that each sender's order holds. One thread goes round all connections that can take
// something and writes one line to each, one write() a line; acks are read as they come. So every connection asks for the same, and
// what differs between them is the daemon's doing. Printed: what share of its lines each connection had acked when half of all lines were (least,
// median, most), and the longest that a connection with unacked lines got no ack.
#include "hist.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct {
    int fd, isDone; char *b; size_t n, at, lineEnd; uint64_t lines, acked, acks, errors, heardAt, doneAt, longest;
    char text[512]; size_t have;
} Conn;

static void hear(Conn *c, uint64_t t) {
    for (;;) {
        ssize_t g = read(c->fd, c->text + c->have, sizeof c->text - c->have);
        if (g < 0 && errno == EINTR) continue;
        if (g < 0 && errno == EAGAIN) return;
        if (g <= 0) { c->isDone = 1; c->doneAt = t; close(c->fd); return; }
        c->have += g; char *p = c->text, *e;
        while ((e = memchr(p, '\n', c->text + c->have - p))) {
            if (!strncmp(p, "{\"ack\":", 7)) {
                uint64_t n = strtoull(p + 7, 0, 10); c->acks++; if (n > c->acked) c->acked = n;
                if (c->heardAt && t - c->heardAt > c->longest) c->longest = t - c->heardAt;
                c->heardAt = t;
            } else c->errors++;
            p = e + 1;
        }
        c->have = c->text + c->have - p; memmove(c->text, p, c->have); if (c->have == sizeof c->text) c->have = 0;
    }
}
// One line, or what is left of one; tells whether the connection has more to say.
static int say(Conn *c, uint64_t t) {
    if (c->at == c->n) return 0;
    if (c->at >= c->lineEnd) c->lineEnd = (char *)memchr(c->b + c->at, '\n', c->n - c->at) - c->b + 1;
    ssize_t k = write(c->fd, c->b + c->at, c->lineEnd - c->at);
    if (k < 0) { if (errno == EAGAIN || errno == EINTR) return 1; perror("gateways: write"); exit(1); }
    if (!c->heardAt) c->heardAt = t;                      // from the first line on it waits for an ack
    c->at += k; if (c->at == c->n) { shutdown(c->fd, SHUT_WR); return 0; }
    return 1;
}
static int byValue(const void *a, const void *b) { double x = *(const double *)a, y = *(const double *)b; return (x > y) - (x < y); }

int main(int argc, char **argv) {
    const char *file = 0, *to = 0; int K = 1000;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
#define OPT(w) (!strcmp(a, w) && ++i)
        if (OPT("--file")) file = v; else if (OPT("--to")) to = v; else if (OPT("--connections")) K = atoi(v);
        else { fprintf(stderr, "gateways: unknown option %s\n", a); return 64; }
    }
    if (!file || !to || K < 1 || K > 100000) { fprintf(stderr, "usage: gateways --file F --to SOCKET [--connections N]\n"); return 64; }
    int f = open(file, O_RDONLY); struct stat st; if (f < 0 || fstat(f, &st)) { perror(file); return 1; }
    size_t n = 0; char *all = malloc(st.st_size + 1); for (ssize_t g; n < (size_t)st.st_size && (g = read(f, all + n, st.st_size - n)) > 0;) n += g;
    if (n && all[n - 1] != '\n') all[n++] = '\n';
    Conn *c = calloc(K, sizeof *c); uint64_t total = 0;
    for (int pass = 0; pass < 2; pass++) {                // count, then deal
        for (char *p = all, *e; p < all + n; p = e) {
            e = (char *)memchr(p, '\n', all + n - p) + 1; const char *q = memchr(p, ':', e - p), *z = 0; if (q && q[1] == '"') z = memchr(q + 2, '"', e - q - 2);
            Conn *x = &c[z ? timesSlot(q + 2, z - q - 2) % K : 0];
            if (pass) { memcpy(x->b + x->n, p, e - p); x->lines++; total++; }
            x->n += e - p;
        }
        if (!pass) for (int k = 0; k < K; k++) { c[k].b = malloc(c[k].n + 1); c[k].n = 0; }
    }
    free(all);
    int ep = epoll_create1(0); struct epoll_event *ready = malloc(K * sizeof *ready);
    for (int k = 0; k < K; k++) {
        struct sockaddr_un a = {.sun_family = AF_UNIX}; strncpy(a.sun_path, to, sizeof a.sun_path - 1); int ok = 0;
        for (int t = 0; t < 500 && !ok; t++) { c[k].fd = socket(AF_UNIX, SOCK_STREAM, 0); ok = !connect(c[k].fd, (void *)&a, sizeof a); if (!ok) { close(c[k].fd); usleep(20000); } }
        if (!ok) { perror(to); return 1; }
        fcntl(c[k].fd, F_SETFL, O_NONBLOCK);
        struct epoll_event e = {.events = EPOLLIN | (c[k].n ? EPOLLOUT : 0), .data.u32 = k}; epoll_ctl(ep, EPOLL_CTL_ADD, c[k].fd, &e);
        if (!c[k].n) shutdown(c[k].fd, SHUT_WR);
    }
    double cpu = cpuSeconds(), *share = malloc(K * sizeof *share); uint64_t start = now_ns(CLOCK_MONOTONIC), end = start, acked = 0; int left = K, halfSeen = 0, full = 0;
    while (left) {
        int m = epoll_wait(ep, ready, K, -1); uint64_t t = now_ns(CLOCK_MONOTONIC);
        for (int i = 0; i < m; i++) {
            Conn *x = &c[ready[i].data.u32]; uint64_t before = x->acked;
            if (ready[i].events & ~EPOLLOUT) { hear(x, t); acked += x->acked - before; if (x->isDone) { left--; end = t; continue; } }
            if (ready[i].events & EPOLLOUT && !say(x, t)) { struct epoll_event e = {.events = EPOLLIN, .data.u32 = ready[i].data.u32}; epoll_ctl(ep, EPOLL_CTL_MOD, x->fd, &e); }
        }
        if (!halfSeen && acked * 2 >= total) { halfSeen = 1; full = 0; for (int k = 0; k < K; k++) if (c[k].lines) share[full++] = (double)c[k].acked / c[k].lines; }
    }
    qsort(share, full, sizeof *share, byValue);
    uint64_t errors = 0, acks = 0, longest = 0; for (int k = 0; k < K; k++) { errors += c[k].errors; acks += c[k].acks; if (c[k].longest > longest) longest = c[k].longest; }
    double s = (end - start) * 1e-9;
    printf("{\"connections\":%d,\"lines\":%llu,\"acked\":%llu,\"acks\":%llu,\"other_replies\":%llu,\"seconds\":%.4f,\"mlines_s\":%.4f,\"cpu_s\":%.3f,\"share_at_half\":{\"min\":%.4f,\"p50\":%.4f,\"max\":%.4f},\"longest_wait_ms\":%.3f}\n",
        K, (unsigned long long)total, (unsigned long long)acked, (unsigned long long)acks, (unsigned long long)errors, s, total / s / 1e6, cpuSeconds() - cpu,
        full ? share[0] : 0, full ? share[full / 2] : 0, full ? share[full - 1] : 0, longest / 1e6);
    return acked == total ? 0 : 2;
}
