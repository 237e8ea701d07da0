// Accepts that fail as if the system had no descriptor or memory left, and are counted, for tests of whoever accepts.
#ifndef VICINITY_TEST_ACCEPTS_H
#define VICINITY_TEST_ACCEPTS_H

#include <stdint.h>

// Watches the accepts of one listening socket of this process, and none of another one before; those of all others are as ever. Of those
// that could bring a client, `successes` do, and the others fail with `error` until this is called again; 0 for none that fails.
void accepts_watch(int descriptor, int error, int64_t successes);

// How many of them there have been, with and without a client, since the last call.
int64_t accepts_seen(void);

#endif
