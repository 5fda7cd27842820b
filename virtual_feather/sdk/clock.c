// The one clock, and the one wait. Time is the computer's plus what the fast clock has skipped. With interrupts off the
// port times signals by polling: then the clock counts polls, so that a busy computer does not disturb the timing.
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "chip.h"
#include "ets_sys.h"
#include "osapi.h"
#include "user_interface.h"

enum { POLL_US = 1, SPIN_US = 60 };
static const int64_t LOOK_US = 1000; // how often a fast clock checks whether the board sleeps
static const int64_t AHEAD_US = 10000; // how far a processor at the chip's pace may be ahead of the board

static uint32_t irq_level;
static uint64_t counted_us; // 0: the clock is the computer's
static bool happened;

static int64_t monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

// The board's clock, as its Python part reads it.
static uint64_t shared_now(void) {
    return monotonic_us() + page->skipped_us;
}

// At the chip's pace: the processor's own time, by what it has executed and how long it has waited.
static uint64_t got_to_us;

static bool chip_pace(void) {
    return page->pace_ns[0] != 0;
}

static uint64_t running_now(void) {
    if (!chip_pace()) {
        return shared_now();
    }
    if (got_to_us == 0) {
        got_to_us = shared_now();
    }
    return got_to_us += pace_spent_us();
}

static void sleep_us(int64_t us) {
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

uint64_t clock_now(void) {
    if (irq_level == 0) {
        return running_now();
    }
    if (counted_us == 0) {
        counted_us = running_now();
    }
    return counted_us += POLL_US;
}

uint32_t hw_irq_level(void) {
    return irq_level;
}

// Also restores the level: the caller then passes the value that this returned.
uint32_t hw_set_irq_level(uint32_t level) {
    uint32_t before = irq_level;
    irq_level = level & 15;
    if (irq_level == 0 && counted_us != 0) {
        uint64_t end = counted_us;
        counted_us = 0;
        int64_t ahead = end - running_now();
        if (ahead > 0) {
            clock_busy(ahead);
        }
    }
    return before;
}

uint32_t hw_cycle_count(void) {
    return (uint32_t)(clock_now() * system_get_cpu_freq());
}

uint32_t system_get_time(void) {
    return (uint32_t)(clock_now() - page->boot_us);
}

void ets_delay_us(uint32_t us) {
    clock_busy(us);
}

void clock_event(void) {
    happened = true;
}

// Skip time up to `when`; whether that was allowed: nothing can arrive before.
static bool skip_to(uint64_t when) {
    int64_t now = shared_now(), end = when;
    if (!page->fast || page->fast_until_us <= now || page->quiet_from_us > monotonic_us() || netif_busy()) {
        return false;
    }
    int64_t free_until = __atomic_load_n(&page->free_until_us, __ATOMIC_ACQUIRE);
    if (free_until == 0) {
        return false; // the board is at work
    }
    if (end > page->fast_until_us) {
        end = page->fast_until_us;
    }
    if (free_until < end) {
        link_ask_number('I', NULL, 0); // the board skips to its own alarm and serves it
        return true;
    }
    if (end > now) {
        page->skipped_us += end - now;
    }
    return true;
}

// A processor at the chip's pace runs ahead of this computer's clock: let the clock catch up. Where this computer is
// slower than the chip, the processor makes up for it when it waits.
void clock_follow(bool waits) {
    if (!chip_pace()) {
        return;
    }
    int64_t ahead;
    while ((ahead = running_now() - shared_now()) > (waits ? 0 : AHEAD_US)) {
        if (!skip_to(got_to_us)) {
            sleep_us(page->fast && ahead > LOOK_US ? LOOK_US : ahead);
        }
    }
    if (waits && ahead < 0) {
        got_to_us -= ahead;
    }
}

static void wait_us(int64_t us) {
    struct pollfd ends[] = {{link_descriptor(), POLLIN, 0}, {netif_descriptor(), POLLIN, 0}};
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    ppoll(ends, 2, &time, NULL);
    if (ends[0].revents & POLLHUP) {
        exit(0); // the board has gone
    }
}

void clock_busy(uint32_t us) {
    if (irq_level != 0) {
        clock_now();
        counted_us += us;
        return;
    }
    uint64_t end = running_now() + us;
    if (us > SPIN_US) {
        uart_flush_line();
    }
    if (chip_pace()) {
        got_to_us = end;
        clock_follow(false);
        return;
    }
    for (uint64_t now; (now = running_now()) < end;) {
        if (page->fast && page->quiet_from_us <= monotonic_us() && page->fast_until_us > (int64_t)end) {
            page->skipped_us += end - now;
        } else if (end - now > SPIN_US) {
            sleep_us(end - now);
        }
    }
}

static uint64_t earliest(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

void clock_idle_until(uint64_t when) {
    uart_flush_line();
    heap_measure();
    if (irq_level != 0 || happened || link_poll()) {
        happened = false;
        return;
    }
    when = earliest(when, earliest(timers_due(), watchdog_due()));
    bool sleeps = when != UINT64_MAX; // otherwise it waits for something from outside, and must not be late
    when = earliest(when, earliest(netif_due(), frc1_due()));
    clock_follow(true);
    uint64_t now = running_now();
    if (when <= now) {
        return;
    }
    if (sleeps && skip_to(when)) {
        clock_follow(true);
        return;
    }
    int64_t left = when - now;
    bool looks = sleeps && page->fast && page->fast_until_us > (int64_t)now;
    wait_us(looks && left > LOOK_US ? LOOK_US : left < 3600000000ll ? left : 3600000000ll);
    clock_follow(true);
}

// MICROPY_INTERNAL_WFE.
void clock_wait_for_event(int timeout_ms) {
    clock_idle_until(timeout_ms == FOREVER_MS ? UINT64_MAX : clock_now() + timeout_ms * 1000ull);
}
