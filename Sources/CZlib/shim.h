// zlib for Swift: the inflate side alone.
//
// `inflateInit2` is a macro that Swift does not import; the function that it stands for takes the
// version and the size of the structure that the caller was compiled with.
#ifndef VICINITY_CZLIB_SHIM_H
#define VICINITY_CZLIB_SHIM_H

#include <zlib.h>

/// Prepares `stream` to read gzip (and nothing else).
static inline int vicinity_inflate_init_gzip(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}

#endif
