#include "RingScan.h"

#include <math.h>
#include <string.h>

typedef float floats __attribute__((vector_size(32)));
typedef int32_t integers __attribute__((vector_size(32)));
typedef uint32_t unsigneds __attribute__((vector_size(32)));
typedef _Bool bits __attribute__((ext_vector_type(8)));

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#define ABSOLUTE(value) ((floats)((integers)(value) & 0x7fffffff))

// Square metres. The subtraction wraps, as it must where a difference is right only modulo 2^32. (Vectors go by pointer, since how they go by value
// depends on the processor that is compiled for.)
ALWAYS_INLINE void squared_distance(const unsigneds *latitudes, const unsigneds *longitudes, const struct vicinity_disc *disc,
                                    floats *east, floats *north, floats *squared) {
    floats latitude = __builtin_convertvector((integers)(*latitudes - (uint32_t)disc->latitude), floats);
    floats longitude = __builtin_convertvector((integers)(*longitudes - (uint32_t)disc->longitude), floats);
    *north = latitude * (disc->meridian + disc->meridian_slope * latitude);
    *east = longitude * (disc->parallel + disc->parallel_slope * latitude);
    *squared = *north * *north + *east * *east;
}

// Which lanes of a mask are set, a bit for each.
ALWAYS_INLINE unsigned lanes_of(const integers *mask) {
    bits marked = __builtin_convertvector(*mask != 0, bits);
    uint8_t lanes;
    memcpy(&lanes, &marked, sizeof lanes);
    return lanes;
}

ALWAYS_INLINE void scan(const struct vicinity_run *runs, size_t count, const struct vicinity_disc *new_disc,
                        const struct vicinity_disc *old_disc, struct vicinity_ring *ring) {
    const integers places = {0, 1, 2, 3, 4, 5, 6, 7};
    // Who is perhaps outside counts as outside, so that a doubt never makes a gap wider.
    const float surely_inside = new_disc->edge - new_disc->doubt;
    size_t changed = 0, neighbors = 0;
    for (const struct vicinity_run *run = runs; run < runs + count; run++) {
        for (uint32_t first = 0; first < run->count; first += 8) {
            unsigneds latitudes, longitudes;
            memcpy(&latitudes, run->latitudes + first, sizeof latitudes);
            memcpy(&longitudes, run->longitudes + first, sizeof longitudes);
            integers is_there = places < (int32_t)(run->count - first) - (integers){0};
            floats east, north, now, old_east, old_north, before;
            squared_distance(&latitudes, &longitudes, new_disc, &east, &north, &now);
            squared_distance(&latitudes, &longitudes, old_disc, &old_east, &old_north, &before);
            integers changes = (integers)(now <= new_disc->edge) ^ (integers)(before <= old_disc->edge);
            integers is_doubtful = (integers)(ABSOLUTE(now - new_disc->edge) <= new_disc->doubt)
                                   | (integers)(ABSOLUTE(before - old_disc->edge) <= old_disc->doubt);
            integers wanted = (changes | is_doubtful) & is_there;
            for (unsigned rest = lanes_of(&wanted); rest != 0; rest &= rest - 1) {
                ring->changed[changed++] = run->slots[first + (unsigned)__builtin_ctz(rest)];
            }
            integers is_next = (integers)(now < ring->outer) & ((integers)(now > surely_inside) | (integers)(now > ring->inner)) & is_there;
            for (unsigned rest = lanes_of(&is_next); rest != 0; rest &= rest - 1) {
                unsigned lane = (unsigned)__builtin_ctz(rest);
                ring->neighbors[neighbors++] = (struct vicinity_neighbor){
                    .slot = run->slots[first + lane], .squared = now[lane], .east = east[lane], .north = north[lane]};
            }
        }
    }
    ring->changed_count = changed;
    ring->neighbor_count = neighbors;
}

void vicinity_scan_ring_plain(const struct vicinity_run *runs, size_t count, const struct vicinity_disc *new_disc,
                              const struct vicinity_disc *old_disc, struct vicinity_ring *ring) {
    scan(runs, count, new_disc, old_disc, ring);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void scan_avx2(const struct vicinity_run *runs, size_t count,
                                                          const struct vicinity_disc *new_disc, const struct vicinity_disc *old_disc,
                                                          struct vicinity_ring *ring) {
    scan(runs, count, new_disc, old_disc, ring);
}

__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw"))) static void scan_avx512(const struct vicinity_run *runs, size_t count,
                                                                                     const struct vicinity_disc *new_disc,
                                                                                     const struct vicinity_disc *old_disc,
                                                                                     struct vicinity_ring *ring) {
    scan(runs, count, new_disc, old_disc, ring);
}

void vicinity_scan_ring(const struct vicinity_run *runs, size_t count, const struct vicinity_disc *new_disc,
                        const struct vicinity_disc *old_disc, struct vicinity_ring *ring) {
    if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
        scan_avx512(runs, count, new_disc, old_disc, ring);
    } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        scan_avx2(runs, count, new_disc, old_disc, ring);
    } else {
        scan(runs, count, new_disc, old_disc, ring);
    }
}
#else
void vicinity_scan_ring(const struct vicinity_run *runs, size_t count, const struct vicinity_disc *new_disc,
                        const struct vicinity_disc *old_disc, struct vicinity_ring *ring) {
    scan(runs, count, new_disc, old_disc, ring);
}
#endif
