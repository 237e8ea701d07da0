#define _GNU_SOURCE
// listen: subscribes to an events socket, counts, and measures the time from a fix to its event.
//
//   cc -O2 listen.c -o listen
//   listen --to SOCKET [--subscribe '{"subscribe":{}}'] [--times FILE] [--since-ts] [--seconds S] [--count N] [--out FILE]
//
// Latency, one of: --times FILE, the file that blast --times writes, nanoseconds, right where a user's next fix comes later than the event of the last;
// --since-ts, the event's `ts` against the wall clock, with blast --stamp, to the millisecond (half of one is subtracted). Ends at the end of the stream, after
// --seconds, after --count events, or at SIGINT/SIGTERM. Lines without "seq" are not events. Holes in seq are counted.
#include "hist.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static volatile sig_atomic_t stop; static void onSignal(int s) { (void)s; stop = 1; }
static const char *find(const char *p, const char *e, const char *key, size_t n) { const char *q = memmem(p, e - p, key, n); return q ? q + n : 0; }
int main(int argc, char **argv) {
    const char *to = 0, *sub = "{\"subscribe\":{}}", *tf = 0, *of = 0; int sinceTs = 0; double seconds = 1e9; uint64_t count = UINT64_MAX;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : "";
#define OPT(w) (!strcmp(a, w) && ++i)
        if (OPT("--to")) to = v; else if (OPT("--subscribe")) sub = v; else if (OPT("--times")) tf = v; else if (OPT("--seconds")) seconds = atof(v); else if (OPT("--count")) count = atoll(v); else if (OPT("--out")) of = v;
        else if (!strcmp(a, "--since-ts")) sinceTs = 1; else { fprintf(stderr, "listen: unknown option %s\n", a); return 64; }
    }
    if (!to) { fprintf(stderr, "usage: listen --to SOCKET [--subscribe LINE] [--times FILE] [--since-ts] [--seconds S] [--count N] [--out FILE]\n"); return 64; }
    struct sigaction sa = {.sa_handler = onSignal}; sigaction(SIGINT, &sa, 0); sigaction(SIGTERM, &sa, 0);
    uint64_t *times = 0; int out = of ? open(of, O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
    if (tf) { int t = open(tf, O_RDWR | O_CREAT, 0644); if (t < 0 || ftruncate(t, (off_t)8 << TIMES_BITS)) { perror(tf); return 1; } times = mmap(0, (size_t)8 << TIMES_BITS, PROT_READ, MAP_SHARED, t, 0); if (times == MAP_FAILED) { perror(tf); return 1; } }
    struct sockaddr_un a = {.sun_family = AF_UNIX}; strncpy(a.sun_path, to, sizeof a.sun_path - 1); int fd = -1, ok = 0;
    for (int t = 0; t < 500 && !ok; t++) { fd = socket(AF_UNIX, SOCK_STREAM, 0); ok = !connect(fd, (void *)&a, sizeof a); if (!ok) { close(fd); usleep(20000); } }
    if (!ok) { perror(to); return 1; }
    dprintf(fd, "%s\n", sub);
    size_t cap = 1 << 20, have = 0; char *b = malloc(cap); static Hist h; uint64_t n = 0, enters = 0, leaves = 0, other = 0, bytes = 0, first = 0, last = 0, seq = 0, holes = 0, begin = now_ns(CLOCK_MONOTONIC); char head[256] = "";
    while (!stop && n < count && (now_ns(CLOCK_MONOTONIC) - begin) * 1e-9 < seconds) {
        struct pollfd pf = {fd, POLLIN, 0}; int pr = poll(&pf, 1, 100); if (pr <= 0) continue;
        ssize_t g = read(fd, b + have, cap - have); uint64_t t = now_ns(CLOCK_MONOTONIC), w = now_ns(CLOCK_REALTIME);
        if (g <= 0) { if (g < 0 && errno == EINTR) continue; break; }
        have += g; bytes += g; char *p = b, *e;
        if (out >= 0 && write(out, b + have - g, g) < 0) { perror(of); return 1; }
        while ((e = memchr(p, '\n', b + have - p))) {
            const char *q;
            if (strncmp(p, "{\"seq\":", 7)) { if (!head[0]) snprintf(head, sizeof head, "%.*s", (int)(e - p), p); other++; p = e + 1; continue; }
            uint64_t s = strtoull(p + 7, 0, 10); if (seq && s != seq + 1) holes++;
            seq = s; n++; if (!first) first = t;
            last = t;
            if ((q = find(p, e, "\"type\":\"", 8))) { if (*q == 'e') enters++; else if (*q == 'l') leaves++; }
            if (times && (q = find(p, e, "\"user\":\"", 8))) { const char *z = memchr(q, '"', e - q); uint64_t sent = z ? times[timesSlot(q, z - q)] : 0; if (sent && t > sent) histAdd(&h, t - sent, 1); }
            else if (sinceTs && (q = find(p, e, "\"ts\":", 5))) { uint64_t ms = strtoull(q, 0, 10) * 1000000 + 500000; histAdd(&h, w > ms ? w - ms : 0, 1); }
            p = e + 1;
        }
        have = b + have - p; memmove(b, p, have); if (have == cap) { fprintf(stderr, "listen: a line of more than %zu bytes\n", cap); return 1; }
    }
    double s = n > 1 ? (last - first) * 1e-9 : 0;
    printf("{\"events\":%llu,\"enters\":%llu,\"leaves\":%llu,\"other_lines\":%llu,\"holes\":%llu,\"last_seq\":%llu,\"bytes\":%llu,\"seconds\":%.4f,\"events_s\":%.0f,\"cpu_s\":%.3f", (unsigned long long)n, (unsigned long long)enters, (unsigned long long)leaves, (unsigned long long)other, (unsigned long long)holes, (unsigned long long)seq, (unsigned long long)bytes, s, s > 0 ? n / s : 0, cpuSeconds());
    histPrint("latency", &h); histCurve("latency_curve", &h); printf("}\n"); if (head[0]) fprintf(stderr, "%s\n", head);
    return 0;
}
