// Latency histogram: 32 linear steps to each power of two, so within 1.6 %. Nanoseconds.
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <sys/resource.h>
typedef struct { uint64_t n[4096], count, max, sum; } Hist;
static inline uint64_t now_ns(clockid_t c) { struct timespec t; clock_gettime(c, &t); return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec; }
static inline void histAdd(Hist *h, uint64_t v, uint64_t times) {
    int e = v < 64 ? 0 : 58 - __builtin_clzll(v);         // v >> e is 32..63 once e > 0
    h->n[e * 64 + (v >> e)] += times; h->count += times; h->sum += v * times; if (v > h->max) h->max = v;
}
static inline uint64_t histAt(const Hist *h, double q) {
    uint64_t want = (uint64_t)(q * h->count), seen = 0;
    if (want >= h->count) want = h->count ? h->count - 1 : 0;
    for (int e = 0; e < 58; e++) for (int i = 0; i < 64; i++) {
        uint64_t k = h->n[e * 64 + i]; if (!k) continue;
        seen += k; if (seen > want) { uint64_t lo = e ? ((uint64_t)(i)) << e : (uint64_t)i, v = lo + (e ? ((uint64_t)1 << e) / 2 : 0); return v > h->max ? h->max : v; }
    }
    return h->max;
}
static inline void histPrint(const char *name, const Hist *h) {
    if (!h->count) { printf(",\"%s\":null", name); return; }
    printf(",\"%s\":{\"count\":%llu,\"mean_us\":%.1f,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f}", name, (unsigned long long)h->count, h->sum / 1e3 / h->count, histAt(h, .5) / 1e3, histAt(h, .9) / 1e3, histAt(h, .99) / 1e3, histAt(h, .999) / 1e3, h->max / 1e3);
}
// The distribution, as pairs of a share in percent and the microseconds that it was not longer than.
static inline void histCurve(const char *name, const Hist *h) {
    static const double q[] = {.01, .05, .1, .25, .5, .75, .9, .95, .99, .995, .999, .9995, .9999};
    printf(",\"%s\":[", name);
    for (unsigned i = 0; h->count && i < sizeof q / sizeof *q; i++) printf("%s[%g,%.1f]", i ? "," : "", q[i] * 100, histAt(h, q[i]) / 1e3);
    printf("]");
}
static inline double cpuSeconds(void) { return now_ns(CLOCK_PROCESS_CPUTIME_ID) * 1e-9; }
// A file shared by blast and listen: for each user (by hash) the monotonic time at which its last fix was due.
#define TIMES_BITS 22
static inline uint32_t timesSlot(const char *id, uint32_t n) {
    uint64_t h = 0xcbf29ce484222325u; for (uint32_t i = 0; i < n; i++) h = (h ^ (uint8_t)id[i]) * 0x100000001b3u;
    return (uint32_t)((h * 0x9E3779B97F4A7C15u) >> (64 - TIMES_BITS));
}
