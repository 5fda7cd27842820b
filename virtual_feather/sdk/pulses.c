// Plays the pulses of devices such as a DHT22; the board sends all pulses of an answer at once.
#include <string.h>

#include "chip.h"

static unsigned pulsing; // the device's pad
static uint64_t from;
static uint16_t lengths[128]; // microseconds: high, low, high, ...
static size_t count;

// pulses: the pad, then the lengths.
void pulses_start(const uint16_t *pulses, size_t size) {
    if (size > sizeof(*pulses)) {
        pulsing = pulses[0];
        count = size / sizeof(*pulses) - 1;
        memcpy(lengths, pulses + 1, count * sizeof(*pulses));
        from = clock_now();
    }
}

bool pulses_pull(unsigned pad) {
    if (count == 0 || pad != pulsing) {
        return false;
    }
    uint64_t left = clock_now() - from;
    for (size_t i = 0; i < count; ++i) {
        if (left < lengths[i]) {
            return i & 1;
        }
        left -= lengths[i];
    }
    count = 0;
    return false;
}
