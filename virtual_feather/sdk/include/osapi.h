// Delays, software timers and where the SDK prints.
#ifndef OSAPI_H
#define OSAPI_H

#include "os_type.h"

void ets_delay_us(uint32_t us);
void ets_timer_disarm(os_timer_t *timer);
void ets_timer_setfn(os_timer_t *timer, os_timer_func_t *call, void *argument);
void ets_timer_arm_new(os_timer_t *timer, uint32_t time, bool repeat, bool milliseconds);
void ets_install_putc1(void (*put)(char));

#define os_delay_us ets_delay_us
#define os_timer_disarm ets_timer_disarm
#define os_timer_setfn ets_timer_setfn
#define os_timer_arm(timer, ms, repeat) ets_timer_arm_new(timer, ms, repeat, true)
#define os_timer_arm_us(timer, us, repeat) ets_timer_arm_new(timer, us, repeat, false)
#define os_install_putc1 ets_install_putc1

#endif
