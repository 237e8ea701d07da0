#include "CFixLines.h"

#include <stdlib.h>
#include <string.h>

enum { shape_count = 64, longest_degrees = 3, longest_metres = 8, longest_decimals = 7, longest_time = 16 };

// Where a number's digits lie, and where they belong: sixteen digits, the last of them the least; 0x80 stands for a 0.
struct number {
    uint8_t order[16];
    double power; // 10 to the decimals that a line of metres has
    int32_t sign;
    uint8_t at;
    bool is_present;
};

// A form that lines have.
struct shape {
    // What may stand at each place, from the lowest byte to the highest. Beyond the line feed that is anything.
    uint8_t lowest[VICINITY_LONGEST_LINE];
    uint8_t highest[VICINITY_LONGEST_LINE];
    // Quotes, commas and points, a bit for each place; all 0 for no shape, since a line has quotes.
    uint64_t marks[2];
    struct number latitude, longitude, time, accuracy, radius;
    uint8_t length;
    uint8_t kind;
    uint8_t id_at;
    uint8_t id_length;
} __attribute__((aligned(64)));

struct vicinity_shapes {
    struct shape places[shape_count];
};

struct vicinity_shapes *vicinity_shapes_create(void) {
    struct vicinity_shapes *shapes = aligned_alloc(64, sizeof *shapes);
    if (shapes != NULL) memset(shapes, 0, sizeof *shapes);
    return shapes;
}

void vicinity_shapes_destroy(struct vicinity_shapes *shapes) { free(shapes); }

static inline size_t place_of(uint64_t low, uint64_t high) {
    return (low * UINT64_C(0x9e3779b97f4a7c15) ^ high * UINT64_C(0xc2b2ae3d27d4eb4f)) >> 58;
}

// MARK: Learning

static bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

// Passes over digits, any of which may stand there; but a number of more than one has no leading zero.
static size_t learn_digits(struct shape *shape, const uint8_t *line, size_t at, size_t count, bool is_whole) {
    size_t start = at;
    for (; at < count && is_digit(line[at]); at++) {
        shape->lowest[at] = '0';
        shape->highest[at] = '9';
    }
    if (is_whole && at - start > 1) shape->lowest[start] = '1';
    return at - start;
}

// Passes over a number of at most `longest` digits, and `decimals` after a point; returns where it ends, 0 if it is none of these.
//
// The value is one in units of 10^-`scale`; where that is not given, of the line's own decimals.
static size_t learn_number(struct shape *shape, const uint8_t *line, size_t at, size_t count, struct number *number, bool is_signed,
                           size_t longest, size_t decimals, size_t scale) {
    number->is_present = true;
    number->sign = 1;
    if (is_signed && line[at] == '-') {
        number->sign = -1;
        at++;
    }
    number->at = (uint8_t)at;
    size_t whole = learn_digits(shape, line, at, count, true);
    size_t fraction = 0;
    if (whole == 0 || whole > longest) return 0;
    at += whole;
    if (at < count && line[at] == '.') {
        fraction = learn_digits(shape, line, at + 1, count, false);
        if (fraction == 0 || fraction > decimals) return 0;
        at += 1 + fraction;
    }
    if (scale == 0) scale = fraction;
    number->power = 1;
    for (size_t i = 0; i < fraction; i++) number->power *= 10;
    for (size_t i = 0; i < whole; i++) number->order[16 - scale - whole + i] = (uint8_t)i;
    for (size_t i = 0; i < fraction; i++) number->order[16 - scale + i] = (uint8_t)(whole + 1 + i);
    return at;
}

static bool is_mark(uint8_t byte) { return byte == '"' || byte == ',' || byte == '.'; }

// Passes over an id; any character of ASCII that needs no escape may stand at its places, but a mark stays what it is: of marks it is known where
// they are, not which.
static size_t learn_id(struct shape *shape, const uint8_t *line, size_t at, size_t count) {
    shape->id_at = (uint8_t)++at;
    for (; at < count && line[at] != '"'; at++) {
        if (line[at] >= 0x80) return 0;
        if (is_mark(line[at])) continue;
        shape->lowest[at] = 0x20;
        shape->highest[at] = 0x7e;
    }
    shape->id_length = (uint8_t)(at - shape->id_at);
    return at < count && shape->id_length > 0 ? at + 1 : 0;
}

static bool is_key(const uint8_t *key, size_t length, const char *word) {
    return length == strlen(word) && memcmp(key, word, length) == 0;
}

static size_t learn_member(struct shape *shape, const uint8_t *line, const uint8_t *key, size_t length, size_t at, size_t count) {
    if (is_key(key, length, "user") || is_key(key, length, "subject")) {
        shape->kind = length == 4 ? 0 : 1;
        return learn_id(shape, line, at, count);
    }
    if (is_key(key, length, "lat")) {
        return learn_number(shape, line, at, count, &shape->latitude, true, longest_degrees, longest_decimals, longest_decimals);
    }
    if (is_key(key, length, "lon")) {
        return learn_number(shape, line, at, count, &shape->longitude, true, longest_degrees, longest_decimals, longest_decimals);
    }
    if (is_key(key, length, "ts")) return learn_number(shape, line, at, count, &shape->time, false, longest_time, 0, 0);
    if (is_key(key, length, "acc")) {
        return learn_number(shape, line, at, count, &shape->accuracy, false, longest_metres, longest_decimals, 0);
    }
    if (is_key(key, length, "radius")) {
        return learn_number(shape, line, at, count, &shape->radius, false, longest_metres, longest_decimals, 0);
    }
    return 0;
}

static size_t skip_spaces(const uint8_t *line, size_t at, size_t count) {
    while (at < count && line[at] == ' ') at++;
    return at;
}

// The members of an object that is known to be one, up to the closing brace.
static bool learn_members(struct shape *shape, const uint8_t *line, size_t count) {
    size_t at = 1;
    while (true) {
        at = skip_spaces(line, at, count);
        if (at >= count || line[at] != '"') return false;
        const uint8_t *key = line + ++at;
        while (at < count && line[at] != '"') at++;
        size_t length = (size_t)(line + at - key);
        at = skip_spaces(line, at + 2, count);
        if (at >= count) return false;
        at = learn_member(shape, line, key, length, at, count);
        if (at == 0) return false;
        at = skip_spaces(line, at, count);
        if (at >= count || line[at] != ',') return at < count && line[at] == '}';
        at++;
    }
}

void vicinity_shapes_learn(struct vicinity_shapes *shapes, const uint8_t *line, size_t count) {
    if (count > VICINITY_LONGEST_LINE) return;
    struct shape shape;
    memset(&shape, 0, sizeof shape);
    memset(shape.highest, 0xff, sizeof shape.highest);
    memcpy(shape.lowest, line, count);
    memcpy(shape.highest, line, count);
    struct number *numbers[] = {&shape.latitude, &shape.longitude, &shape.time, &shape.accuracy, &shape.radius};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        memset(numbers[i]->order, 0x80, sizeof numbers[i]->order);
        numbers[i]->power = 1;
    }
    shape.length = (uint8_t)count;
    for (size_t at = 0; at < count; at++) {
        if (is_mark(line[at])) shape.marks[at / 64] |= UINT64_C(1) << at % 64;
    }
    if (!learn_members(&shape, line, count)) return;
    if (shape.id_length == 0 || !shape.latitude.is_present || !shape.longitude.is_present) return;
    shapes->places[place_of(shape.marks[0], shape.marks[1])] = shape;
}

// MARK: Taking

#if defined(__x86_64__)
#include <immintrin.h>

#define TAKING __attribute__((target("avx2,bmi,bmi2")))
#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE uint64_t load_eight(const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

ALWAYS_INLINE uint64_t load_four(const uint8_t *at) {
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

ALWAYS_INLINE uint64_t fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

// VicinityCore's `IDHasher`, once more.
ALWAYS_INLINE uint64_t hash_of(const uint8_t *id, size_t count, uint64_t seed) {
    uint64_t state = seed ^ count;
    for (; count > 16; count -= 16, id += 16) {
        state = fold(load_eight(id) ^ UINT64_C(0xe7037ed1a0b428db), load_eight(id + 8) ^ state);
    }
    uint64_t low, high = 0;
    if (count >= 8) {
        low = load_eight(id);
        high = load_eight(id + count - 8);
    } else if (count >= 4) {
        low = load_four(id);
        high = load_four(id + count - 4);
    } else {
        low = (uint64_t)id[0] << 16 | (uint64_t)id[count / 2] << 8 | id[count - 1];
    }
    return fold(low ^ UINT64_C(0x8ebc6af09c88c6e3), high ^ state);
}

// A number's digits where they belong, as values. They lie within sixteen bytes.
TAKING ALWAYS_INLINE __m128i digits_of(const struct number *number, const uint8_t *line) {
    __m128i text = _mm_loadu_si128((const __m128i *)(line + number->at));
    return _mm_shuffle_epi8(_mm_xor_si128(text, _mm_set1_epi8('0')), _mm_loadu_si128((const __m128i *)number->order));
}

// Four numbers of four digits each, from sixteen digits.
TAKING ALWAYS_INLINE __m128i quarters_of(__m128i digits) {
    __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(10 | 1 << 8));
    return _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
}

// Two numbers from sixteen digits each: the high eight of the first, the low eight, and so of the second.
TAKING ALWAYS_INLINE __m128i halves_of(__m128i first, __m128i second) {
    __m128i quarters = _mm_packus_epi32(quarters_of(first), quarters_of(second));
    return _mm_madd_epi16(quarters, _mm_set1_epi32(10000 | 1 << 16));
}

ALWAYS_INLINE uint64_t whole_of(uint64_t halves) { return (halves & UINT32_MAX) * 100000000 + (halves >> 32); }

TAKING ALWAYS_INLINE uint64_t bits_of(__m256i bytes) { return (uint32_t)_mm256_movemask_epi8(bytes); }

TAKING ALWAYS_INLINE uint64_t marks_in(__m256i bytes) {
    __m256i quotes = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"'));
    __m256i commas = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(','));
    __m256i points = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('.'));
    return bits_of(_mm256_or_si256(_mm256_or_si256(quotes, commas), points));
}

TAKING ALWAYS_INLINE uint64_t ends_in(__m256i bytes) { return bits_of(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\n'))); }

// All ones at each place where a byte of the line is what may stand there, and no backslash.
TAKING ALWAYS_INLINE __m256i fits(const struct shape *shape, __m256i bytes, size_t at) {
    __m256i lowest = _mm256_load_si256((const __m256i *)(shape->lowest + at));
    __m256i highest = _mm256_load_si256((const __m256i *)(shape->highest + at));
    __m256i within = _mm256_min_epu8(_mm256_max_epu8(bytes, lowest), highest);
    return _mm256_andnot_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\\')), _mm256_cmpeq_epi8(within, bytes));
}

// Takes one line.
//
// Returns its bytes with the line feed, 0 if it is not of a known shape. There is room for an id and what may be written behind it.
TAKING ALWAYS_INLINE size_t take_line(const struct vicinity_shapes *shapes, const uint8_t *line, const struct vicinity_intake *intake,
                                      struct vicinity_fix *fix, uint8_t *id) {
    __m256i first = _mm256_loadu_si256((const __m256i *)line);
    __m256i second = _mm256_loadu_si256((const __m256i *)(line + 32));
    __m256i third = _mm256_loadu_si256((const __m256i *)(line + 64));
    __m256i fourth = _mm256_loadu_si256((const __m256i *)(line + 96));
    uint64_t low = marks_in(first) | marks_in(second) << 32;
    uint64_t high = marks_in(third) | marks_in(fourth) << 32;
    uint64_t low_ends = ends_in(first) | ends_in(second) << 32;
    uint64_t high_ends = ends_in(third) | ends_in(fourth) << 32;
    size_t length;
    if (low_ends == 0) {
        if (high_ends == 0) return 0;
        length = 65 + (size_t)__builtin_ctzll(high_ends);
        high &= high_ends ^ (high_ends - 1);
    } else {
        length = 1 + (size_t)__builtin_ctzll(low_ends);
        low &= low_ends ^ (low_ends - 1);
        high = 0;
    }
    const struct shape *shape = &shapes->places[place_of(low, high)];

    __m256i fit = _mm256_and_si256(_mm256_and_si256(fits(shape, first, 0), fits(shape, second, 32)), fits(shape, third, 64));
    if (length > 96) fit = _mm256_and_si256(fit, fits(shape, fourth, 96));
    __m128i place = halves_of(digits_of(&shape->latitude, line), digits_of(&shape->longitude, line));
    __m128i rest = halves_of(digits_of(&shape->time, line), digits_of(&shape->accuracy, line));
    uint64_t latitude = whole_of((uint64_t)_mm_cvtsi128_si64(place));
    uint64_t longitude = whole_of((uint64_t)_mm_extract_epi64(place, 1));
    uint64_t time = whole_of((uint64_t)_mm_cvtsi128_si64(rest));
    uint64_t accuracy = whole_of((uint64_t)_mm_extract_epi64(rest, 1));
    // One branch for all of it: that a line is good is what the processor expects. Not `&&`, which would be many.
    bool is_known = (shape->marks[0] == low) & (shape->marks[1] == high) & (shape->length == length);
    bool is_within = (latitude < 900000000) & (longitude < 1800000000) & (time < UINT64_C(1) << 53);
    if (__builtin_expect(!(is_known & is_within & (_mm256_movemask_epi8(fit) == -1)), 0)) return 0;
    fix->radius = 0;
    if (__builtin_expect(shape->radius.is_present, 0)) {
        __m128i both = halves_of(digits_of(&shape->radius, line), _mm_setzero_si128());
        fix->radius = (double)whole_of((uint64_t)_mm_cvtsi128_si64(both)) / shape->radius.power;
        if (fix->radius < intake->least_radius || fix->radius > intake->greatest_radius) return 0;
    }

    const uint8_t *name = line + shape->id_at;
    size_t name_length = shape->id_length;
    for (size_t at = 0; at < name_length; at += 16) {
        _mm_storeu_si128((__m128i *)(id + at), _mm_loadu_si128((const __m128i *)(name + at)));
    }
    fix->kind = shape->kind;
    fix->id_length = (uint8_t)name_length;
    fix->latitude = (int32_t)latitude * shape->latitude.sign;
    fix->longitude = (int32_t)longitude * shape->longitude.sign;
    fix->hash = hash_of(name, name_length, intake->seed);
    fix->time = shape->time.is_present ? (int64_t)time : -1;
    // Both are whole and fit a double, so that the quotient is the nearest double to the text.
    fix->accuracy = (double)accuracy / shape->accuracy.power;
    return length;
}

TAKING static struct vicinity_taken take_lines(const struct vicinity_shapes *shapes, const struct vicinity_intake *intake) {
    struct vicinity_taken taken = {0, 0, 0};
    while (taken.lines < intake->room && intake->count - taken.bytes >= VICINITY_LINE_REACH &&
           intake->id_room - taken.id_bytes >= VICINITY_LINE_REACH) {
        struct vicinity_fix *fix = intake->fixes + taken.lines;
        size_t length = take_line(shapes, intake->text + taken.bytes, intake, fix, intake->ids + taken.id_bytes);
        if (length == 0) break;
        fix->line = intake->line + (uint32_t)taken.lines;
        fix->id_offset = intake->id_offset + (uint32_t)taken.id_bytes;
        taken.bytes += length;
        taken.lines += 1;
        taken.id_bytes += fix->id_length;
    }
    return taken;
}

bool vicinity_can_take_lines(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

struct vicinity_taken vicinity_take_lines(const struct vicinity_shapes *shapes, const struct vicinity_intake *intake) {
    return take_lines(shapes, intake);
}
#else
bool vicinity_can_take_lines(void) { return false; }

struct vicinity_taken vicinity_take_lines(const struct vicinity_shapes *shapes, const struct vicinity_intake *intake) {
    (void)shapes;
    (void)intake;
    return (struct vicinity_taken){0, 0, 0};
}
#endif
