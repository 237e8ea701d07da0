// Replaces the numbers that simdjson refuses, in the text itself and without making it longer.
#ifndef VICINITY_NUMBERS_HPP
#define VICINITY_NUMBERS_HPP

#include <cstdint>

namespace vicinity {

// Rewrites every number between `begin` and `end`, outside strings, that is valid JSON and that no 64-bit integer or
// double holds: an integer becomes the nearest double, and what is beyond all doubles becomes 1e308 or -1e308. The rest of
// a token is filled with blanks. O(end - begin); does not allocate.
//
// Returns whether anything was rewritten.
bool tame_numbers(uint8_t *begin, uint8_t *end) noexcept;

}  // namespace vicinity

#endif
