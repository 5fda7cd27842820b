// The port's mpconfigport.h, with replacements for Xtensa code and for loops that would keep a computer's core busy.
#include "ports/esp8266/mpconfigport.h"

#include <stdint.h>

// The version that the image has in sys.implementation (processor/builder.py).
#undef MICROPY_VERSION_MAJOR
#undef MICROPY_VERSION_MINOR
#undef MICROPY_VERSION_MICRO
#define MICROPY_VERSION_MAJOR IMAGE_MAJOR
#define MICROPY_VERSION_MINOR IMAGE_MINOR
#define MICROPY_VERSION_MICRO IMAGE_MICRO

// The small image is from a time before asyncio was built in.
#if defined(MICROPY_ESP8266_1M)
#define MICROPY_PY_ASYNCIO 0
#endif

// axTLS is in no source package, so there is no ssl and no cryptolib. Its SHA-1 is in sha1.c.
#undef MICROPY_PY_CRYPTOLIB
#define MICROPY_PY_CRYPTOLIB 0
#define MICROPY_SSL_AXTLS 1
#undef MICROPY_PY_HASHLIB_SHA1
#define MICROPY_PY_HASHLIB_SHA1 1

// Where the port spins until something happens, the processor waits (clock.c).
void clock_wait_for_event(int timeout_ms);
#undef MICROPY_INTERNAL_WFE
#define MICROPY_INTERNAL_WFE(timeout_ms) clock_wait_for_event(timeout_ms)

// esp_mphal.h reads the cycle counter in assembly.
#undef MICROPY_MPHALPORT_H
#define MICROPY_MPHALPORT_H "port_mphal.h"

// The stand-in for xtirq.h: interrupts are off at a level above 0, and time is counted, not measured (clock.c).
#define MICROPY_INCLUDED_ESP8266_XTIRQ_H
uint32_t hw_set_irq_level(uint32_t level);
uint32_t hw_irq_level(void);
#define query_irq hw_irq_level
#define raise_irq_pri hw_set_irq_level
#define restore_irq_pri hw_set_irq_level
#define disable_irq() hw_set_irq_level(15)
#define enable_irq hw_set_irq_level

// The stand-in for etshal.h: random numbers come from a register, a fresh one each time.
#define MICROPY_INCLUDED_ESP8266_ETSHAL_H
const uint32_t *hw_random(void);
#undef WDEV_HWRNG
#define WDEV_HWRNG (hw_random())
typedef char MD5_CTX[88];
void MD5Init(MD5_CTX *context);
void MD5Update(MD5_CTX *context, const void *data, unsigned int size);
void MD5Final(unsigned char digest[16], MD5_CTX *context);
void ets_isr_mask(uint32_t mask);
void ets_isr_unmask(uint32_t mask);
uint32_t SPIRead(uint32_t offset, void *buffer, uint32_t size);
uint32_t SPIWrite(uint32_t offset, const void *buffer, uint32_t size);
