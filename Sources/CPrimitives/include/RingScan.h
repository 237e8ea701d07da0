// Which subjects lie between the old and the new edge of a halo that slides: eight of them at a time.
//
// A filter only: what it lets through is decided elsewhere, exactly. So it may be computed in any precision that the doubts cover, and each
// processor may round as it likes.
#ifndef VICINITY_RINGSCAN_H
#define VICINITY_RINGSCAN_H

#include <stddef.h>
#include <stdint.h>

// Lanes that a scan may read beyond the end of a run; what they hold does not matter.
enum { vicinity_run_padding = 7 };

// Subjects that lie side by side in memory.
struct vicinity_run {
    const int32_t *_Nonnull latitudes;
    const int32_t *_Nonnull longitudes;
    const uint32_t *_Nonnull slots;
    uint32_t count;
};

// A disc around a place: units of 1e-7 degree from there are so many metres, by the metric of `LocalMetric`.
struct vicinity_disc {
    int32_t latitude, longitude;
    // Metres per unit, and half their change per unit of latitude.
    float meridian, meridian_slope, parallel, parallel_slope;
    // Square metres: the radius, and how far a squared distance near to it can be wrong.
    float edge, doubt;
};

// A subject near the edge.
struct vicinity_neighbor {
    uint32_t slot;
    // Square metres.
    float squared;
    // Metres from the centre of the disc.
    float east, north;
};

// What a scan has found. Both lists have room for all subjects of the runs.
struct vicinity_ring {
    // The slots of those that may be inside of one of the discs and outside of the other.
    uint32_t *_Nonnull changed;
    size_t changed_count;
    // Those of whom the new disc may lose or get one next: outside of it, or perhaps so, and inside of `outer`; or inside of it and outside of `inner`.
    struct vicinity_neighbor *_Nonnull neighbors;
    size_t neighbor_count;
    // Square metres, set by the caller.
    float outer, inner;
};

// Looks at all subjects of the runs.
//
// Differences of longitude are taken by 32 bits and must be right so: a run beyond the antimeridian is a call of its own.
void vicinity_scan_ring(const struct vicinity_run *_Nonnull runs, size_t count, const struct vicinity_disc *_Nonnull new_disc,
                        const struct vicinity_disc *_Nonnull old_disc, struct vicinity_ring *_Nonnull ring);

// The same without regard to what the processor can do; for tests.
void vicinity_scan_ring_plain(const struct vicinity_run *_Nonnull runs, size_t count, const struct vicinity_disc *_Nonnull new_disc,
                              const struct vicinity_disc *_Nonnull old_disc, struct vicinity_ring *_Nonnull ring);

#endif
