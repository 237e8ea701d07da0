#include "CEventLines.h"

#include <string.h>

// Bytes that may be looked at from an event's start: type and cause, a time, three ids with their lengths, what an enter or a leave says, and
// an id's last sixteen bytes once more. The last bytes of a block are read from a copy with as many behind them.
enum { event_reach = 512, longest_id = 128 };

// Of the blocks that are for this: older ones go the general way.
enum { version = 3 };

#define ALWAYS_INLINE static inline __attribute__((always_inline))

// A text of constant length: the compiler makes a few stores of it.
#define PUT(out, text) (memcpy(out, text, sizeof(text) - 1), (out) + sizeof(text) - 1)

ALWAYS_INLINE uint64_t load_eight(const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

ALWAYS_INLINE void store_eight(uint8_t *at, uint64_t word) { memcpy(at, &word, sizeof word); }

// MARK: Numbers

// The eight digits of a number below 10^8, the first in the lowest byte: halves, quarters and eighths of it side by side.
ALWAYS_INLINE uint64_t digits_of(uint64_t number) {
    uint64_t halves = number / 10000 | (number % 10000) << 32;
    uint64_t hundreds = (halves * 10486) >> 20 & UINT64_C(0x0000007f0000007f);
    uint64_t quarters = hundreds | (halves - hundreds * 100) << 16;
    uint64_t tens = (quarters * 103) >> 10 & UINT64_C(0x000f000f000f000f);
    return tens | (quarters - tens * 10) << 8;
}

static const uint64_t zero_digits = UINT64_C(0x3030303030303030);

// Writes a number below 10^16 without leading zeros; up to eight bytes behind it may be overwritten.
ALWAYS_INLINE uint8_t *put_number(uint8_t *out, uint64_t number) {
    uint64_t high = number / 100000000;
    if (high > 0) {
        uint64_t digits = digits_of(high);
        unsigned zeros = (unsigned)__builtin_ctzll(digits) / 8;
        store_eight(out, (digits | zero_digits) >> 8 * zeros);
        out += 8 - zeros;
        store_eight(out, digits_of(number % 100000000) | zero_digits);
        return out + 8;
    }
    // The mark keeps the last digit, also where all are 0.
    uint64_t digits = digits_of(number);
    unsigned zeros = (unsigned)__builtin_ctzll(digits | UINT64_C(1) << 56) / 8;
    store_eight(out, (digits | zero_digits) >> 8 * zeros);
    return out + 8 - zeros;
}

static const uint64_t number_limit = UINT64_C(10000000000000000);

// MARK: Reading

// A varint of at most nine bytes; NULL for a longer one.
ALWAYS_INLINE const uint8_t *take_varint(const uint8_t *at, uint64_t *value) {
    uint64_t found = *at & 0x7f;
    for (unsigned shift = 7; *at++ >= 0x80; shift += 7) {
        if (shift > 56) return NULL;
        found |= (uint64_t)(*at & 0x7f) << shift;
    }
    *value = found;
    return at;
}

struct text {
    const uint8_t *start;
    size_t count;
};

// An id, or an empty text; NULL for a longer one.
ALWAYS_INLINE const uint8_t *take_text(const uint8_t *at, struct text *text) {
    size_t count = *at++;
    if (count >= 0x80) {
        if (count != 0x80 || *at++ != 1) return NULL;
        count = longest_id;
    }
    text->start = at;
    text->count = count;
    return at + count;
}

// The user whom an event names, into `user`, unless it is the one who is there. Nearly half of all events leave their user out, and nobody could foretell which:
// so there is a choice of values, and no branch.
ALWAYS_INLINE const uint8_t *take_user(const uint8_t *at, bool is_same, struct text *user) {
    struct text named = {.start = at + 1, .count = *at};
    const uint8_t *behind = named.start + named.count;
    if ((named.count >= 0x80) & !is_same) {
        behind = take_text(at, &named);
        if (behind == NULL) return NULL;
    }
    user->start = is_same ? user->start : named.start;
    user->count = is_same ? user->count : named.count;
    return user->start == NULL ? NULL : is_same ? at : behind;
}

// MARK: Writing

// Not 0 if a byte of the word needs an escape: a quote, a backslash, a control.
ALWAYS_INLINE uint64_t escapes_in(uint64_t word) {
    const uint64_t lows = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    uint64_t quotes = word ^ lows * '"', backslashes = word ^ lows * '\\';
    return (((quotes - lows) & ~quotes) | ((backslashes - lows) & ~backslashes) | ((word - lows * 0x20) & ~word)) & highs;
}

// Writes a text as it is; `escapes` tells whether it should not have been. Up to eight bytes behind it may be overwritten.
ALWAYS_INLINE uint8_t *put_text(uint8_t *out, struct text text, uint64_t *escapes) {
    size_t at = 0;
    for (; text.count - at > 8; at += 8) {
        uint64_t word = load_eight(text.start + at);
        store_eight(out + at, word);
        *escapes |= escapes_in(word);
    }
    // What lies behind the text is read as zeros with a bit that makes them no controls.
    uint64_t word = load_eight(text.start + at);
    store_eight(out + at, word);
    size_t rest = text.count - at;
    uint64_t mask = rest < 8 ? (UINT64_C(1) << 8 * rest) - 1 : UINT64_MAX;
    *escapes |= escapes_in((word & mask) | (UINT64_C(0x4040404040404040) & ~mask));
    return out + text.count;
}

// The words of `Cause`, each with what closes it.
static const struct {
    char word[15];
    uint8_t count;
} causes[] = {
    {"", 0},          {"user\"", 5},       {"radius\"", 7},  {"subject\"", 8}, {"removed\"", 8},
    {"suspended\"", 10}, {"expired\"", 8}, {"gone\"", 5},    {"muted\"", 6},
};

enum { cause_count = sizeof causes / sizeof *causes };

// Writes what an enter says of the distance, and the line's end; NULL if that is not for us.
ALWAYS_INLINE uint8_t *put_disclosed(uint8_t *out, const uint8_t **at) {
    uint64_t number;
    if ((*at = take_varint(*at, &number)) == NULL) return NULL;
    if (number == 0) return PUT(out, "}\n");
    // 1 and 2 are numbers of metres that are neither whole nor of centimetres.
    if (number < 3 || number >= number_limit) return NULL;
    uint64_t amount = (number - 3) / 2;
    if (number % 2 == 1) {
        out = put_number(PUT(out, ",\"within\":"), amount);
    } else {
        // A number of centimetres has one shortest form: as many decimals as it needs.
        out = put_number(PUT(out, ",\"distance\":"), amount / 100);
        uint64_t rest = amount % 100;
        if (rest > 0) {
            *out++ = '.';
            *out++ = (uint8_t)('0' + rest / 10);
            if (rest % 10 > 0) *out++ = (uint8_t)('0' + rest % 10);
        }
    }
    return PUT(out, "}\n");
}

// Numbers that are much alike from line to line, as text.
struct alike {
    uint8_t text[32];
    size_t count;
};

ALWAYS_INLINE void spell(struct alike *alike, uint64_t number) { alike->count = (size_t)(put_number(alike->text, number) - alike->text); }

// The next number, of as many digits mostly.
ALWAYS_INLINE void count_up(struct alike *alike, uint64_t number) {
    uint8_t *last = alike->text + alike->count - 1;
    if (*last < '9') {
        ++*last;
    } else {
        spell(alike, number);
    }
}

ALWAYS_INLINE uint8_t *put_alike(uint8_t *out, const struct alike *alike) {
    memcpy(out, alike->text, 16);
    return out + alike->count;
}

struct state {
    int64_t seq, time;
    struct alike seq_text, time_text;
    // Of the event before; `start` is NULL where none is.
    struct text user;
};

// Writes one event, and passes over it; NULL if it is not for us. From `*event` on as much is readable as an event may need.
ALWAYS_INLINE uint8_t *put_event(uint8_t *out, const uint8_t **event, struct state *state) {
    const uint8_t *at = *event;
    uint8_t type = at[0] & 7, cause = at[0] >> 4;
    bool is_same_user = at[0] & 8;
    if (type < 1 || type > 2 || cause < 1 || cause >= cause_count) return NULL;
    uint64_t delta;
    struct text user, subject, kind;
    if ((at = take_varint(at + 1, &delta)) == NULL || (at = take_user(at, is_same_user, &state->user)) == NULL) return NULL;
    user = state->user;
    if ((at = take_text(at, &subject)) == NULL || (at = take_text(at, &kind)) == NULL) return NULL;
    if (delta != 0) {
        state->time = (int64_t)((uint64_t)state->time + (delta >> 1 ^ (0 - (delta & 1))));
        if (state->time < 0 || state->time >= (int64_t)number_limit) return NULL;
        spell(&state->time_text, (uint64_t)state->time);
    }
    uint64_t escapes = 0;
    out = put_alike(PUT(out, "{\"seq\":"), &state->seq_text);
    out = type == 1 ? PUT(out, ",\"type\":\"enter\",\"user\":") : PUT(out, ",\"type\":\"leave\",\"user\":");
    if (user.count > 0) {
        *out++ = '"';
        out = put_text(out, user, &escapes);
        out = PUT(out, "\",\"subject\":\"");
    } else {
        out = PUT(out, "null,\"subject\":\"");
    }
    out = put_text(out, subject, &escapes);
    if (kind.count > 0) {
        out = put_text(PUT(out, "\",\"kind\":\""), kind, &escapes);
    }
    out = put_alike(PUT(out, "\",\"ts\":"), &state->time_text);
    out = PUT(out, ",\"cause\":\"");
    memcpy(out, causes[cause].word, sizeof causes[cause].word);
    out += causes[cause].count;
    if (type == 1) {
        out = put_disclosed(out, &at);
        if (out == NULL) return NULL;
    } else {
        uint64_t back, lasted;
        if ((at = take_varint(at, &back)) == NULL || (at = take_varint(at, &lasted)) == NULL) return NULL;
        if (back >= (uint64_t)state->seq || lasted >= number_limit) return NULL;
        out = put_number(PUT(out, ",\"encounter\":"), (uint64_t)state->seq - back);
        out = put_number(PUT(out, ",\"lasted\":"), lasted);
        out = PUT(out, "}\n");
    }
    if (escapes != 0) return NULL;
    *event = at;
    count_up(&state->seq_text, (uint64_t)++state->seq);
    return out;
}

// MARK: Blocks

bool vicinity_transcript_begin(struct vicinity_transcript *transcript, const uint8_t *block, size_t count, int64_t seq, uint64_t events) {
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    return false;
#endif
    // Two varints may be looked at in any case.
    uint8_t head[32] = {0};
    memcpy(head, block, count < sizeof head ? count : sizeof head);
    if (head[0] != version) return false;
    uint64_t said, time;
    const uint8_t *at = take_varint(head + 1, &said);
    if (at == NULL || said != events || (at = take_varint(at, &time)) == NULL || (size_t)(at - head) > count) return false;
    transcript->at = (size_t)(at - head);
    transcript->seq = seq;
    transcript->time = (int64_t)(time >> 1 ^ (0 - (time & 1)));
    transcript->left = events;
    transcript->user_at = 0;
    transcript->user_count = 0;
    return seq > 0 && (uint64_t)seq + events < number_limit && transcript->time >= 0 && transcript->time < (int64_t)number_limit;
}

enum vicinity_transcribed vicinity_transcribe(struct vicinity_transcript *transcript, const uint8_t *block, size_t count, uint8_t *lines,
                                              size_t room, size_t *written) {
    struct state state = {.seq = transcript->seq, .time = transcript->time};
    spell(&state.seq_text, (uint64_t)state.seq);
    spell(&state.time_text, (uint64_t)state.time);
    uint64_t left = transcript->left;
    uint8_t *out = lines, *limit = lines + room;
    const uint8_t *event = block + transcript->at, *end = block + count;
    // An id that ends where the block does has nothing behind it that may be looked at.
    uint8_t user[longest_id + 16] = {0};
    if (transcript->user_at > 0) {
        memcpy(user, block + transcript->user_at, transcript->user_count);
        state.user = (struct text){.start = user, .count = transcript->user_count};
    }
    for (; left > 0 && end - event >= event_reach && limit - out >= VICINITY_LONGEST_EVENT_LINE; left--) {
        if ((out = put_event(out, &event, &state)) == NULL) return vicinity_transcribed_not;
    }
    // The last few: what an event takes from behind the block's end shows when it is there.
    uint8_t copy[2 * event_reach] = {0};
    size_t tail_at = 0;
    if (left > 0 && end - event < event_reach) {
        size_t rest = (size_t)(end - event);
        memcpy(copy, event, rest);
        const uint8_t *tail = copy;
        tail_at = (size_t)(event - block);
        for (; left > 0 && limit - out >= VICINITY_LONGEST_EVENT_LINE; left--) {
            out = put_event(out, &tail, &state);
            if (out == NULL || (size_t)(tail - copy) > rest) return vicinity_transcribed_not;
        }
        event += tail - copy;
    }
    if (left == 0 && event != end) return vicinity_transcribed_not;
    // Where the user stands in the block: as it was, in the block itself, or in the copy of its end.
    size_t user_at = transcript->user_at;
    if (state.user.start != NULL && state.user.start != user) {
        size_t in_copy = (size_t)((uintptr_t)state.user.start - (uintptr_t)copy);
        user_at = in_copy < sizeof copy ? tail_at + in_copy : (size_t)(state.user.start - block);
    }
    *transcript = (struct vicinity_transcript){
        .at = (size_t)(event - block),
        .seq = state.seq,
        .time = state.time,
        .left = left,
        .user_at = user_at,
        .user_count = state.user.count,
    };
    *written = (size_t)(out - lines);
    return left == 0 ? vicinity_transcribed_all : vicinity_transcribed_part;
}
