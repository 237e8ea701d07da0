#include "CSimdjson.h"

// The library's calls that throw are not used, and are not compiled in.
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

#include "numbers.hpp"

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

namespace {

// A text of at most this many bytes keeps its memory (about 20 bytes a byte of text) for the next one.
constexpr size_t kept_capacity = 128 * 1024;
constexpr size_t smallest_capacity = 1024;

// The library's handles are two words each; they cross as such.
template <typename Wide, typename Plain> Wide cast(const Plain &plain) noexcept {
    static_assert(sizeof(Wide) == sizeof(Plain) && std::is_trivially_copyable<Wide>::value && std::is_trivially_copyable<Plain>::value,
                  "simdjson's handles are no longer two plain words");
    Wide wide;
    std::memcpy(static_cast<void *>(&wide), &plain, sizeof(wide));
    return wide;
}

element open(csimdjson_element plain) noexcept { return cast<element>(plain); }
csimdjson_element close(const element &wide) noexcept { return cast<csimdjson_element>(wide); }

template <typename Container> csimdjson_iterator begin(const Container &container) noexcept {
    auto next = cast<csimdjson_element>(container.begin());
    auto end = cast<csimdjson_element>(container.end());
    return {next, end.index};
}

}  // namespace

struct csimdjson_parser {
    std::unique_ptr<simdjson::dom::parser> parser;
    // What is parsed: the text and the padding that the library reads beyond it.
    std::unique_ptr<uint8_t[]> text;
    size_t capacity = 0;

    void release() noexcept {
        parser.reset();
        text.reset();
        capacity = 0;
    }

    // Makes room for a text of `count` bytes, or gives room back.
    bool fit(size_t count) noexcept {
        bool shrink = capacity > kept_capacity && count <= kept_capacity;
        if (parser && count <= capacity && !shrink) { return true; }
        size_t wanted = smallest_capacity;
        while (wanted < count) { wanted *= 2; }
        release();
        parser.reset(new (std::nothrow) simdjson::dom::parser());
        text.reset(new (std::nothrow) uint8_t[wanted + simdjson::SIMDJSON_PADDING]);
        // No valid text nests deeper than half its length.
        if (!parser || !text || parser->allocate(wanted, wanted / 2 + 2) != simdjson::SUCCESS) {
            release();
            return false;
        }
        capacity = wanted;
        return true;
    }
};

csimdjson_parser *csimdjson_create(void) { return new (std::nothrow) csimdjson_parser(); }

void csimdjson_destroy(csimdjson_parser *parser) { delete parser; }

csimdjson_result csimdjson_parse(csimdjson_parser *parser, const uint8_t *bytes, size_t count, csimdjson_element *root) {
    if (!parser->fit(count)) { return csimdjson_out_of_memory; }
    uint8_t *text = parser->text.get();
    std::memcpy(text, bytes, count);
    std::memset(text + count, ' ', simdjson::SIMDJSON_PADDING);
    auto result = parser->parser->parse(text, count, false);
    if (result.error() == simdjson::NUMBER_ERROR && vicinity::tame_numbers(text, text + count)) {
        result = parser->parser->parse(text, count, false);
    }
    if (result.error() == simdjson::MEMALLOC) { return csimdjson_out_of_memory; }
    if (result.error() != simdjson::SUCCESS) { return csimdjson_invalid; }
    *root = close(result.value_unsafe());
    return csimdjson_parsed;
}

void csimdjson_release(csimdjson_parser *parser) {
    if (parser->capacity > kept_capacity) { parser->release(); }
}

bool csimdjson_is_utf8(const uint8_t *bytes, size_t count) {
    return simdjson::validate_utf8(reinterpret_cast<const char *>(bytes), count);
}

csimdjson_type csimdjson_type_of(csimdjson_element plain) {
    switch (open(plain).type()) {
    case simdjson::dom::element_type::OBJECT: return csimdjson_object;
    case simdjson::dom::element_type::ARRAY: return csimdjson_array;
    case simdjson::dom::element_type::STRING: return csimdjson_string;
    case simdjson::dom::element_type::INT64: return csimdjson_int64;
    case simdjson::dom::element_type::UINT64: return csimdjson_uint64;
    case simdjson::dom::element_type::DOUBLE: return csimdjson_double;
    case simdjson::dom::element_type::BOOL: return csimdjson_bool;
    case simdjson::dom::element_type::NULL_VALUE: return csimdjson_null;
    }
    return csimdjson_null;
}

const uint8_t *csimdjson_get_string(csimdjson_element plain, size_t *count) {
    std::string_view view;
    if (open(plain).get_string().get(view) != simdjson::SUCCESS) {
        *count = 0;
        return nullptr;
    }
    *count = view.size();
    return reinterpret_cast<const uint8_t *>(view.data());
}

int64_t csimdjson_get_int64(csimdjson_element plain) {
    int64_t value = 0;
    return open(plain).get_int64().get(value) == simdjson::SUCCESS ? value : 0;
}

uint64_t csimdjson_get_uint64(csimdjson_element plain) {
    uint64_t value = 0;
    return open(plain).get_uint64().get(value) == simdjson::SUCCESS ? value : 0;
}

double csimdjson_get_double(csimdjson_element plain) {
    double value = 0;
    return open(plain).get_double().get(value) == simdjson::SUCCESS ? value : 0;
}

bool csimdjson_get_bool(csimdjson_element plain) {
    bool value = false;
    return open(plain).get_bool().get(value) == simdjson::SUCCESS && value;
}

csimdjson_iterator csimdjson_array_begin(csimdjson_element plain) {
    array values;
    if (open(plain).get_array().get(values) != simdjson::SUCCESS) { return {{nullptr, 0}, 0}; }
    return begin(values);
}

bool csimdjson_array_next(csimdjson_iterator *iterator, csimdjson_element *value) {
    if (iterator->next.index == iterator->end) { return false; }
    auto place = cast<array::iterator>(iterator->next);
    *value = close(*place);
    iterator->next = cast<csimdjson_element>(++place);
    return true;
}

csimdjson_iterator csimdjson_object_begin(csimdjson_element plain) {
    object members;
    if (open(plain).get_object().get(members) != simdjson::SUCCESS) { return {{nullptr, 0}, 0}; }
    return begin(members);
}

bool csimdjson_object_next(csimdjson_iterator *iterator, const uint8_t **key, size_t *key_count, csimdjson_element *value) {
    if (iterator->next.index == iterator->end) { return false; }
    auto place = cast<object::iterator>(iterator->next);
    auto name = place.key();
    *key = reinterpret_cast<const uint8_t *>(name.data());
    *key_count = name.size();
    *value = close(place.value());
    iterator->next = cast<csimdjson_element>(++place);
    return true;
}
