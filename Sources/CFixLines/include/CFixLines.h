// Lines of gateways that look like lines before them.
//
// A gateway writes its lines in one form: keys in one order, numbers with so many digits. Where a line has its marks (quotes, commas, points)
// at the same places as a line that was read before, it is known what may stand at each place and where each number is: all of that is
// checked 32 bytes at a time, and the digits of all numbers become values side by side. There is no search, and no branch that depends on the line.
//
// What is taken here says what VicinityWire's scanner says of the line; what is not, says nothing. Tests compare the two.
#ifndef VICINITY_CFIXLINES_H
#define VICINITY_CFIXLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a line says: in memory the same as VicinityCore's `Fix`, whose users see that it is.
struct vicinity_fix {
    uint8_t kind; // 0 a user's, 1 a subject's
    uint8_t id_length;
    uint32_t id_offset;
    uint32_t line;
    int32_t latitude;
    int32_t longitude;
    uint64_t hash;
    int64_t time;
    double accuracy;
    double radius;
};

// Bytes of the longest line that is taken, with its line feed.
#define VICINITY_LONGEST_LINE 128
// Bytes that must be readable from a line's start for it to be taken, and room for ids that must be left for one more.
#define VICINITY_LINE_REACH (VICINITY_LONGEST_LINE + 16)

// Forms of lines that were seen, at most 64; a newer one may push out an older.
struct vicinity_shapes;

// Whether this processor can take lines here.
bool vicinity_can_take_lines(void);

// Returns NULL where there is no memory.
struct vicinity_shapes *_Nullable vicinity_shapes_create(void);
void vicinity_shapes_destroy(struct vicinity_shapes *_Nonnull shapes);

// Remembers the form of a line that the scanner has understood, if lines of this form can be taken.
//
// `count` is that of the line with its line feed.
void vicinity_shapes_learn(struct vicinity_shapes *_Nonnull shapes, const uint8_t *_Nonnull line, size_t count);

// Where lines are taken from, and to.
struct vicinity_intake {
    const uint8_t *_Nonnull text;
    size_t count;
    struct vicinity_fix *_Nonnull fixes;
    // Fixes that there is room for.
    size_t room;
    uint8_t *_Nonnull ids;
    // Bytes that there is room for.
    size_t id_room;
    // Of the first line, and of the first byte at `ids`.
    uint32_t line;
    uint32_t id_offset;
    // Of the hash.
    uint64_t seed;
    // The radii in metres that a line may ask for.
    double least_radius, greatest_radius;
};

struct vicinity_taken {
    // Bytes of the text.
    size_t bytes;
    size_t lines;
    size_t id_bytes;
};

// Takes lines from the front of the text, up to the first whose form is not known, or that is not quite of it, or that has too little room or
// text behind it. To be called only where `vicinity_can_take_lines`.
struct vicinity_taken vicinity_take_lines(const struct vicinity_shapes *_Nonnull shapes, const struct vicinity_intake *_Nonnull intake);

#endif
