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
                                    floats *squared) {
    floats latitude = __builtin_convertvector((integers)(*latitudes - (uint32_t)disc->latitude), floats);
    floats longitude = __builtin_convertvector((integers)(*longitudes - (uint32_t)disc->longitude), floats);
    floats y = latitude * (disc->meridian + disc->meridian_slope * latitude);
    floats x = longitude * (disc->parallel + disc->parallel_slope * latitude);
    *squared = y * y + x * x;
}

ALWAYS_INLINE size_t scan(const struct vicinity_run *runs, size_t count, const struct vicinity_disc *new_disc,
                          const struct vicinity_disc *old_disc, uint32_t *found_slots, float *least_gap) {
    const integers places = {0, 1, 2, 3, 4, 5, 6, 7};
    size_t found = 0;
    floats least = *least_gap - (floats){0};
    for (const struct vicinity_run *run = runs; run < runs + count; run++) {
        for (uint32_t first = 0; first < run->count; first += 8) {
            unsigneds latitudes, longitudes;
            memcpy(&latitudes, run->latitudes + first, sizeof latitudes);
            memcpy(&longitudes, run->longitudes + first, sizeof longitudes);
            integers is_there = places < (int32_t)(run->count - first) - (integers){0};
            floats now, before;
            squared_distance(&latitudes, &longitudes, new_disc, &now);
            squared_distance(&latitudes, &longitudes, old_disc, &before);
            floats gap = ABSOLUTE(now - new_disc->edge);
            integers changes = (integers)(now <= new_disc->edge) ^ (integers)(before <= old_disc->edge);
            integers is_doubtful = (integers)(gap <= new_disc->doubt) | (integers)(ABSOLUTE(before - old_disc->edge) <= old_disc->doubt);
            // What is not there is as far from the edge as can be.
            floats counted = (floats)(((integers)gap & is_there) | ((integers)(INFINITY - (floats){0}) & ~is_there));
            least = __builtin_elementwise_min(least, counted);
            bits marked = __builtin_convertvector(((changes | is_doubtful) & is_there) != 0, bits);
            uint8_t lanes;
            memcpy(&lanes, &marked, sizeof lanes);
            for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
                found_slots[found++] = run->slots[first + (unsigned)__builtin_ctz(rest)];
            }
        }
    }
    float lowest = *least_gap;
    for (int lane = 0; lane < 8; lane++) lowest = least[lane] < lowest ? least[lane] : lowest;
    *least_gap = lowest;
    return found;
}

size_t vicinity_scan_ring_plain(const struct vicinity_run *runs, size_t count, const struct vicinity_disc *new_disc,
                                const struct vicinity_disc *old_disc, uint32_t *found, float *least_gap) {
    return scan(runs, count, new_disc, old_disc, found, least_gap);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static size_t scan_avx2(const struct vicinity_run *runs, size_t count,
                                                            const struct vicinity_disc *new_disc,
                                                            const struct vicinity_disc *old_disc, uint32_t *found,
                                                            float *least_gap) {
    return scan(runs, count, new_disc, old_disc, found, least_gap);
}

__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw"))) static size_t scan_avx512(const struct vicinity_run *runs, size_t count,
                                                                                       const struct vicinity_disc *new_disc,
                                                                                       const struct vicinity_disc *old_disc,
                                                                                       uint32_t *found, float *least_gap) {
    return scan(runs, count, new_disc, old_disc, found, least_gap);
}

size_t vicinity_scan_ring(const struct vicinity_run *runs, size_t count, const struct vicinity_disc *new_disc,
                          const struct vicinity_disc *old_disc, uint32_t *found, float *least_gap) {
    if (__builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {
        return scan_avx512(runs, count, new_disc, old_disc, found, least_gap);
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return scan_avx2(runs, count, new_disc, old_disc, found, least_gap);
    return scan(runs, count, new_disc, old_disc, found, least_gap);
}
#else
size_t vicinity_scan_ring(const struct vicinity_run *runs, size_t count, const struct vicinity_disc *new_disc,
                          const struct vicinity_disc *old_disc, uint32_t *found, float *least_gap) {
    return scan(runs, count, new_disc, old_disc, found, least_gap);
}
#endif
