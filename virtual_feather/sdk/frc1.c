// The hardware timer FRC1, which the port's PWM uses: it counts down once at 5 MHz.
#include "chip.h"
#include "eagle_soc.h"
#include "ets_sys.h"

enum { TICKS_PER_US = 5, LATE_US = 100000 };

static uint64_t due = UINT64_MAX;
static uint64_t rang; // when the previous period was due to end

void frc1_write(uint32_t offset, uint32_t value) {
    if (offset == FRC1_LOAD_ADDRESS) {
        // Count from the end of the previous period, so that pulses keep their length; after a standstill, from now.
        uint64_t now = clock_now(), from = interrupt_runs() && now - rang < LATE_US ? rang : now;
        due = value ? from + value / TICKS_PER_US : UINT64_MAX;
    }
}

uint64_t frc1_due(void) {
    return due;
}

void frc1_poll(void) {
    if (due != UINT64_MAX && due <= clock_now()) {
        rang = due;
        due = UINT64_MAX;
        interrupt_raise(ETS_FRC_TIMER1_INUM);
    }
}
