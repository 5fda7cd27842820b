// A model of how long the chip takes for what was executed, fitted to published measurements
// (docs/virtual-feather.md, "The chip's pace"). In a build with this model, every branch of MicroPython's and lwIP's
// code calls one of these functions; processor/pace.py has the kinds.
#include "chip.h"
#include "user_interface.h"

enum { FITTED_AT_MHZ = 80 };

static uint32_t counted[PACE_KINDS];

void __sanitizer_cov_trace_pc(void);
void pace_names(void);
void pace_long_integers(void);
void pace_floats(void);

void __sanitizer_cov_trace_pc(void) {
    ++counted[0];
}

void pace_names(void) {
    ++counted[1];
}

void pace_long_integers(void) {
    ++counted[2];
}

void pace_floats(void) {
    ++counted[3];
}

uint32_t pace_spent_us(void) {
    static uint32_t seen[PACE_KINDS];
    static uint64_t rest_ns;
    uint64_t ns = 0;
    for (int kind = 0; kind < PACE_KINDS; ++kind) {
        uint32_t count = counted[kind];
        ns += (uint64_t)(count - seen[kind]) * page->pace_ns[kind];
        seen[kind] = count;
    }
    rest_ns += ns * FITTED_AT_MHZ / system_get_cpu_freq();
    uint32_t us = rest_ns / 1000;
    rest_ns %= 1000;
    return us;
}
