// Events, tasks and software timers.
#ifndef OS_TYPE_H
#define OS_TYPE_H

#include "c_types.h"

typedef uint32_t os_signal_t, os_param_t;

typedef struct {
    os_signal_t sig;
    os_param_t par;
} os_event_t;

typedef void (*os_task_t)(os_event_t *event);
typedef void os_timer_func_t(void *argument);

typedef struct os_timer {
    struct os_timer *next; // of those that are armed
    uint64_t due_us;
    uint32_t period_us; // 0: once
    os_timer_func_t *call;
    void *argument;
} os_timer_t;

#endif
