// From a block of events to the lines that subscribers read.
//
// Only what nearly every block holds: enters and leaves, ids that need no escape, distances in whole metres or centimetres. Of any other
// block it is said that it is not for this, and the general way (VicinityWire's EventLineEncoder) writes it whole. What is written here is what
// that would write; tests compare the two.
#ifndef VICINITY_CEVENTLINES_H
#define VICINITY_CEVENTLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How far a block has been written.
struct vicinity_transcript {
    // Of the next event, in the block's bytes.
    size_t at;
    int64_t seq;
    // Of the event before, in Unix milliseconds.
    int64_t time;
    // Events that are still to come.
    uint64_t left;
    // Of whom the event before named, in the block's bytes; 0 if there is none.
    size_t user_at, user_count;
};

enum vicinity_transcribed {
    vicinity_transcribed_all,
    // There may be too little room for the next line.
    vicinity_transcribed_part,
    // The block is not for this, or damaged; what was written means nothing.
    vicinity_transcribed_not,
};

// Bytes that the longest line may take, and what may be overwritten behind it.
#define VICINITY_LONGEST_EVENT_LINE 768

// Begins with a block as it is stored, which holds `events` events, the first being `seq`. Returns false if the block is not for this.
bool vicinity_transcript_begin(struct vicinity_transcript *_Nonnull transcript, const uint8_t *_Nonnull block, size_t count, int64_t seq,
                               uint64_t events);

// Writes lines until all are written or there is less room than the longest might need. `written` gets the bytes of this call.
enum vicinity_transcribed vicinity_transcribe(struct vicinity_transcript *_Nonnull transcript, const uint8_t *_Nonnull block, size_t count,
                                              uint8_t *_Nonnull lines, size_t room, size_t *_Nonnull written);

#endif
