// Which users of a cell a moving subject concerns: eight of them at a time.
//
// A filter only: what it lets through is decided elsewhere, exactly. So it may be computed in any precision that `doubt` covers, and each
// processor may round as it likes.
#ifndef VICINITY_GRIDSCAN_H
#define VICINITY_GRIDSCAN_H

#include <stddef.h>
#include <stdint.h>

// Eight members of a cell, one line of the cache. Places count from the cell's south-west corner, in the cell's own quanta.
struct vicinity_members {
    uint16_t latitudes[8];
    uint16_t longitudes[8];
    uint16_t radii[8];
    // Metres, rounded up.
    uint8_t slacks[8];
    uint8_t unused[8];
};

// A short step of a subject, as a cell sees it. A number n of a member stands for n · unit + middle.
struct vicinity_step {
    // Units of 1e-7 degree from the cell's corner.
    float latitude, longitude, old_latitude, old_longitude;
    float latitude_unit, latitude_middle, longitude_unit, longitude_middle;
    // Metres.
    float radius_unit, radius_middle;
    // Metres per unit at the new place, and half their change per unit of latitude.
    float meridian, meridian_slope, parallel, parallel_slope;
    // Metres: the length of the step, how far a distance or a radius can be wrong, and how far beyond the edge a pair stays inside.
    float length, doubt, margin;
};

// Writes the places of the members for whom the subject may cross the edge or comes within their slack of it.
//
// `places` has room for `count`. Returns how many were written; `greatest_slack` gets the greatest of all members' slacks.
size_t vicinity_scan_step(const struct vicinity_members *_Nonnull members, size_t count, const struct vicinity_step *_Nonnull step,
                          uint32_t *_Nonnull places, uint8_t *_Nonnull greatest_slack);

// The same without regard to what the processor can do; for tests.
size_t vicinity_scan_step_plain(const struct vicinity_members *_Nonnull members, size_t count, const struct vicinity_step *_Nonnull step,
                                uint32_t *_Nonnull places, uint8_t *_Nonnull greatest_slack);

#endif
