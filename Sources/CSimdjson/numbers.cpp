#include "numbers.hpp"

#include <charconv>
#include <cstring>

namespace {

bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

bool is_number_part(uint8_t byte) { return is_digit(byte) || byte == '-' || byte == '+' || byte == '.' || byte == 'e' || byte == 'E'; }

// What the grammar of RFC 8259 makes of a token.
struct Number {
    bool valid = false;
    bool integer = false;
    // The power of ten of the first digit that is not 0, bounded; meaningless if there is none.
    int64_t magnitude = 0;
};

Number read(const uint8_t *at, const uint8_t *end) {
    Number number;
    if (at < end && *at == '-') { at++; }
    const uint8_t *whole = at;
    while (at < end && is_digit(*at)) { at++; }
    if (at == whole || (*whole == '0' && at - whole > 1)) { return number; }
    bool significant = *whole != '0';
    number.magnitude = at - whole - 1;
    number.integer = true;
    if (at < end && *at == '.') {
        number.integer = false;
        const uint8_t *fraction = ++at;
        for (; at < end && is_digit(*at); at++) {
            if (!significant && *at != '0') {
                significant = true;
                number.magnitude = -(at - fraction) - 1;
            }
        }
        if (at == fraction) { return number; }
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        number.integer = false;
        at++;
        bool negative = at < end && *at == '-';
        if (at < end && (*at == '-' || *at == '+')) { at++; }
        const uint8_t *digits = at;
        int64_t exponent = 0;
        for (; at < end && is_digit(*at); at++) {
            if (exponent < INT64_C(1000000000000)) { exponent = exponent * 10 + (*at - '0'); }
        }
        if (at == digits) { return number; }
        number.magnitude += negative ? -exponent : exponent;
    }
    number.valid = at == end;
    return number;
}

// Writes seventeen significant digits and a power of ten: exact for every double, and never longer than an integer that
// needs it (20 digits or more).
size_t write_integral(double value, char *out, size_t room) {
    char digits[40];
    auto printed = std::to_chars(digits, digits + sizeof(digits), value, std::chars_format::scientific, 16);
    // [-]d.dddddddddddddddde+XX
    char *source = digits;
    char *target = out;
    while (*source != 'e') {
        if (*source != '.') { *target++ = *source; }
        source++;
    }
    int exponent = 0;
    std::from_chars(source + 2, printed.ptr, exponent);
    *target++ = 'e';
    auto end = std::to_chars(target, out + room, exponent - 16);
    return static_cast<size_t>(end.ptr - out);
}

// Rewrites one token if it has to be.
bool tame(uint8_t *begin, uint8_t *end) {
    Number number = read(begin, end);
    if (!number.valid) { return false; }
    char *first = reinterpret_cast<char *>(begin);
    char *last = reinterpret_cast<char *>(end);
    double value = 0;
    auto parsed = std::from_chars(first, last, value);
    size_t length = 0;
    char text[48];
    if (parsed.ec == std::errc::result_out_of_range) {
        if (number.magnitude < 0) { return false; }
        const char *largest = *begin == '-' ? "-1e308" : "1e308";
        length = std::strlen(largest);
        std::memcpy(text, largest, length);
    } else if (number.integer) {
        int64_t small = 0;
        uint64_t large = 0;
        if (std::from_chars(first, last, small).ec == std::errc() || std::from_chars(first, last, large).ec == std::errc()) { return false; }
        length = write_integral(value, text, sizeof(text));
    } else {
        return false;
    }
    if (length > static_cast<size_t>(end - begin)) { return false; }
    std::memcpy(begin, text, length);
    std::memset(begin + length, ' ', static_cast<size_t>(end - begin) - length);
    return true;
}

}  // namespace

bool vicinity::tame_numbers(uint8_t *begin, uint8_t *end) noexcept {
    bool changed = false;
    for (uint8_t *at = begin; at < end;) {
        if (*at == '"') {
            for (at++; at < end && *at != '"'; at++) {
                if (*at == '\\' && at + 1 < end) { at++; }
            }
            if (at < end) { at++; }
        } else if (*at == '-' || is_digit(*at)) {
            uint8_t *token = at;
            while (at < end && is_number_part(*at)) { at++; }
            changed = tame(token, at) || changed;
        } else {
            at++;
        }
    }
    return changed;
}
