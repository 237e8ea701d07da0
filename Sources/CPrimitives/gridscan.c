#include "GridScan.h"

#include <math.h>
#include <string.h>

typedef float floats __attribute__((vector_size(32)));
typedef int32_t masks __attribute__((vector_size(32)));
typedef uint16_t shorts __attribute__((vector_size(16)));
typedef uint8_t bytes __attribute__((vector_size(8)));

#define ALWAYS_INLINE static inline __attribute__((always_inline))

// Metres from the old place, taken with the radii of curvature half way to it.
ALWAYS_INLINE float old_distance(const struct vicinity_members *block, unsigned lane, const struct vicinity_step *step) {
    float latitude = block->latitudes[lane] * step->latitude_unit + step->latitude_middle;
    float longitude = block->longitudes[lane] * step->longitude_unit + step->longitude_middle;
    float both = (latitude - step->latitude) + (step->old_latitude - step->latitude);
    float y = (latitude - step->old_latitude) * (step->meridian + step->meridian_slope * both);
    float x = (longitude - step->old_longitude) * (step->parallel + step->parallel_slope * both);
    return sqrtf(x * x + y * y);
}

// Whether one whose edge is near to the new place is concerned: the place was perhaps on its other side, or from within the slack is so
// where a pair changes; which for one who is inside is only beyond the margin.
ALWAYS_INLINE int is_concerned(const struct vicinity_members *block, unsigned lane, const struct vicinity_step *step, float squared) {
    float radius = block->radii[lane] * step->radius_unit + step->radius_middle;
    float beyond = sqrtf(squared) - radius;
    float slack = block->slacks[lane] + step->doubt;
    if (fabsf(beyond) <= step->doubt || (beyond > 0 ? beyond <= slack : -beyond <= slack - step->margin)) return 1;
    float was_beyond = old_distance(block, lane, step) - radius;
    return beyond > 0 ? was_beyond <= step->doubt : was_beyond >= -step->doubt;
}

ALWAYS_INLINE size_t scan(const struct vicinity_members *members, size_t count, const struct vicinity_step *step, uint32_t *places,
                          uint8_t *greatest_slack) {
    size_t found = 0;
    bytes greatest = {0};
    for (size_t first = 0; first < count; first += 8) {
        const struct vicinity_members *block = members + first / 8;
        shorts latitudes, longitudes, radii;
        bytes slacks;
        memcpy(&latitudes, block->latitudes, sizeof latitudes);
        memcpy(&longitudes, block->longitudes, sizeof longitudes);
        memcpy(&radii, block->radii, sizeof radii);
        memcpy(&slacks, block->slacks, sizeof slacks);
        greatest = __builtin_elementwise_max(slacks, greatest);
        floats high = __builtin_convertvector(latitudes, floats) * step->latitude_unit + (step->latitude_middle - step->latitude);
        floats wide = __builtin_convertvector(longitudes, floats) * step->longitude_unit + (step->longitude_middle - step->longitude);
        floats y = high * (step->meridian + step->meridian_slope * high);
        floats x = wide * (step->parallel + step->parallel_slope * high);
        floats squared = x * x + y * y;
        floats radius = __builtin_convertvector(radii, floats) * step->radius_unit + step->radius_middle;
        floats slack = __builtin_convertvector(slacks, floats);
        floats length = step->length - (floats){0};
        floats width = __builtin_elementwise_max(slack, length) + step->doubt;
        floats inner = __builtin_elementwise_max(radius - width, (floats){0});
        floats outer = radius + width;
        masks near = (squared <= outer * outer) & (squared >= inner * inner);
        bytes marks = __builtin_convertvector(near, bytes);
        uint64_t lanes;
        memcpy(&lanes, &marks, sizeof lanes);
        if (count - first < 8) lanes &= (UINT64_C(1) << (8 * (count - first))) - 1;
        for (; lanes != 0; lanes &= ~(UINT64_C(0xff) << (__builtin_ctzll(lanes) & ~7))) {
            unsigned lane = (unsigned)__builtin_ctzll(lanes) / 8;
            if (is_concerned(block, lane, step, squared[lane])) places[found++] = (uint32_t)(first + lane);
        }
    }
    uint8_t slack = 0;
    for (int lane = 0; lane < 8; lane++) slack = greatest[lane] > slack ? greatest[lane] : slack;
    *greatest_slack = slack;
    return found;
}

size_t vicinity_scan_step_plain(const struct vicinity_members *members, size_t count, const struct vicinity_step *step, uint32_t *places,
                                uint8_t *greatest_slack) {
    return scan(members, count, step, places, greatest_slack);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static size_t scan_avx2(const struct vicinity_members *members, size_t count,
                                                            const struct vicinity_step *step, uint32_t *places,
                                                            uint8_t *greatest_slack) {
    return scan(members, count, step, places, greatest_slack);
}

size_t vicinity_scan_step(const struct vicinity_members *members, size_t count, const struct vicinity_step *step, uint32_t *places,
                          uint8_t *greatest_slack) {
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return scan_avx2(members, count, step, places, greatest_slack);
    return scan(members, count, step, places, greatest_slack);
}
#else
size_t vicinity_scan_step(const struct vicinity_members *members, size_t count, const struct vicinity_step *step, uint32_t *places,
                          uint8_t *greatest_slack) {
    return scan(members, count, step, places, greatest_slack);
}
#endif
