// simdjson's DOM behind plain C, as far as VicinityWire needs it.
//
// A parser owns one document: its elements and the strings they point to live until the next parse or the parser's end.
// Nothing here throws; what can fail says so in its return value.
//
// Numbers: simdjson refuses valid JSON numbers that no double or 64-bit integer holds. This parser takes them: an integer
// beyond 64 bits becomes the nearest double, and what no double holds becomes CSIMDJSON_TOO_LARGE with its sign.
#ifndef VICINITY_CSIMDJSON_H
#define VICINITY_CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

// Stands for every number beyond the largest double.
#define CSIMDJSON_TOO_LARGE 1e308

typedef struct csimdjson_parser csimdjson_parser;

// One value of a parsed document; a place on simdjson's tape.
typedef struct {
    const void *_Nullable document;
    size_t index;
} csimdjson_element;

// Where an iteration over an array or object is, and where it ends.
typedef struct {
    csimdjson_element next;
    size_t end;
} csimdjson_iterator;

typedef enum : int {
    csimdjson_parsed = 0,
    csimdjson_invalid = 1,
    csimdjson_out_of_memory = 2,
} csimdjson_result;

typedef enum : int {
    csimdjson_object = 0,
    csimdjson_array = 1,
    csimdjson_string = 2,
    csimdjson_int64 = 3,
    csimdjson_uint64 = 4,  // only what is beyond int64
    csimdjson_double = 5,
    csimdjson_bool = 6,
    csimdjson_null = 7,
} csimdjson_type;

// NULL if there is no memory.
csimdjson_parser *_Nullable csimdjson_create(void);
void csimdjson_destroy(csimdjson_parser *parser);

// Parses one JSON text of any nesting. Copies it, so `bytes` need no padding and may go away.
// Memory follows the longest text so far, and shrinks again when a small text follows a large one.
csimdjson_result csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t count, csimdjson_element *root);

// Gives back the memory of a large text; its elements are void.
void csimdjson_release(csimdjson_parser *parser);

bool csimdjson_is_utf8(const uint8_t *bytes, size_t count);

csimdjson_type csimdjson_type_of(csimdjson_element element);

// Each of these is for an element of that type only; another type gives an empty string, 0 or false.
const uint8_t *_Nullable csimdjson_get_string(csimdjson_element element, size_t *count);
int64_t csimdjson_get_int64(csimdjson_element element);
uint64_t csimdjson_get_uint64(csimdjson_element element);
double csimdjson_get_double(csimdjson_element element);  // any number
bool csimdjson_get_bool(csimdjson_element element);

// The elements of an array in order; an element of another type has none.
csimdjson_iterator csimdjson_array_begin(csimdjson_element element);
bool csimdjson_array_next(csimdjson_iterator *iterator, csimdjson_element *value);

// The members of an object in order, unescaped keys first; an element of another type has none.
csimdjson_iterator csimdjson_object_begin(csimdjson_element element);
bool csimdjson_object_next(
    csimdjson_iterator *iterator, const uint8_t *_Nullable *_Nonnull key, size_t *key_count, csimdjson_element *value);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#endif
