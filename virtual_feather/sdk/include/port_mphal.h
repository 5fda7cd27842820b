// The port's esp_mphal.h, whose one piece of assembly, `rsr ccount`, becomes a call.
#include "py/ringbuf.h"
#include "shared/runtime/interrupt_char.h"
#include "gpio.h"
#include "modmachine.h"
#include "osapi.h"
#include "user_interface.h"

uint32_t hw_cycle_count(void);
#define __volatile__(...) ccount = hw_cycle_count()
#define __asm__
#include "ports/esp8266/esp_mphal.h"
#undef __asm__
#undef __volatile__
