// The SDK's software timers and its watchdog.
#include "chip.h"
#include "ets_alt_task.h"
#include "osapi.h"
#include "user_interface.h"

// The watchdog counts at this interval; the second count since the last feed resets the chip.
enum { COUNT_US = 1600000 };

static os_timer_t *armed; // sorted: the first is due next
static uint64_t fed_at;
static bool fed = true;

void ets_timer_disarm(os_timer_t *timer) {
    for (os_timer_t **at = &armed; *at; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            return;
        }
    }
}

static void arm(os_timer_t *timer, uint64_t due) {
    os_timer_t **at = &armed;
    while (*at && (*at)->due_us <= due) {
        at = &(*at)->next;
    }
    timer->due_us = due;
    timer->next = *at;
    *at = timer;
}

void ets_timer_setfn(os_timer_t *timer, os_timer_func_t *call, void *argument) {
    timer->call = call;
    timer->argument = argument;
}

void ets_timer_arm_new(os_timer_t *timer, uint32_t time, bool repeat, bool milliseconds) {
    uint32_t us = milliseconds ? time * 1000 : time;
    ets_timer_disarm(timer);
    timer->period_us = repeat ? us : 0;
    arm(timer, clock_now() + us);
}

void timers_run(void) {
    while (armed && armed->due_us <= clock_now()) {
        os_timer_t *timer = armed;
        armed = timer->next;
        if (timer->period_us) {
            arm(timer, timer->due_us + timer->period_us);
        }
        clock_event();
        timer->call(timer->argument);
    }
}

uint64_t timers_due(void) {
    return armed ? armed->due_us : UINT64_MAX;
}

void system_timer_reinit(void) {
}

// The watchdog.

void system_soft_wdt_feed(void) {
    fed = true;
}

static bool program_feeds(void) {
    return ets_loop_dont_feed_sw_wdt || ets_loop_iter_disable;
}

uint64_t watchdog_due(void) {
    if (!program_feeds()) {
        return UINT64_MAX; // the port feeds it in every turn
    }
    if (fed) {
        fed = false;
        fed_at = clock_now();
    }
    uint64_t counts = (fed_at - page->boot_us) / COUNT_US;
    return page->boot_us + (counts + 2) * COUNT_US;
}

void watchdog_poll(void) {
    if (program_feeds() && watchdog_due() <= clock_now()) {
        link_tell('B', NULL, 0);
        link_end();
    }
}
