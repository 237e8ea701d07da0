// What Swift cannot say without Foundation or Glibc as a whole: libm's functions, and a prefetch.
// Header only, so that the compiler inlines every call.
#ifndef VICINITY_CPRIMITIVES_H
#define VICINITY_CPRIMITIVES_H

#include "GridScan.h"
#include "Memory.h"
#include "RingScan.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static inline double vicinity_sin(double x) { return sin(x); }
static inline double vicinity_cos(double x) { return cos(x); }
static inline double vicinity_acos(double x) { return acos(x); }
static inline double vicinity_atan2(double y, double x) { return atan2(y, x); }
static inline double vicinity_hypot(double x, double y) { return hypot(x, y); }
static inline double vicinity_cbrt(double x) { return cbrt(x); }
static inline double vicinity_sinh(double x) { return sinh(x); }

// Asks for the cache line at `address`; a hint, harmless for any address.
static inline void vicinity_prefetch(const void *_Nullable address) { __builtin_prefetch(address, 1, 3); }

#endif
