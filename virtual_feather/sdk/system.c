// The SDK's calls for the system: resets, sleep, the RTC, the heap.
#include <string.h>
#include <stdlib.h>
#include <sys/random.h>

#include "chip.h"
#include "ets_sys.h"
#include "mem.h"
#include "osapi.h"
#include "user_interface.h"

enum { RTC_TICK = 6 << 12, HEAP = 48 * 1024, BLOCK_HEAD = 8 }; // a tick of the RTC lasts 6 us, times 4096

// The SDK's heap. Its size is limited, for esp.freemem() and for ENOMEM from lwIP.

static uint32_t heap_used;

void *pvPortMalloc(size_t size) {
    if (heap_used + size + BLOCK_HEAD > HEAP) {
        return NULL;
    }
    uint32_t *block = malloc(size + BLOCK_HEAD);
    if (!block) {
        return NULL;
    }
    heap_used += block[0] = size + BLOCK_HEAD;
    return (uint8_t *)block + BLOCK_HEAD;
}

void vPortFree(void *memory) {
    if (memory) {
        uint32_t *block = (uint32_t *)((uint8_t *)memory - BLOCK_HEAD);
        heap_used -= block[0];
        free(block);
    }
}

void *sdk_calloc(size_t count, size_t size);
void *sdk_calloc(size_t count, size_t size) {
    void *memory = pvPortMalloc(count * size);
    return memory ? memset(memory, 0, count * size) : NULL;
}

uint32_t system_get_free_heap_size(void) {
    return HEAP - heap_used;
}

void system_print_meminfo(void) {
}

// Resets and sleep: the board carries them out.

struct rst_info *system_get_rst_info(void) {
    static struct rst_info info;
    info.reason = page->reset_reason;
    return &info;
}

void system_restart(void) {
    link_tell('R', NULL, 0);
    link_end();
}

void system_deep_sleep_set_option(uint8_t option) {
    (void)option;
}

bool system_deep_sleep(uint64_t us) {
    link_tell('D', &us, sizeof(us));
    link_end();
}

// The RTC.

uint32_t system_rtc_clock_cali_proc(void) {
    return RTC_TICK;
}

uint32_t system_get_rtc_time(void) {
    return (uint32_t)(((clock_now() - page->rtc_from_us) << 12) / RTC_TICK);
}

static bool in_rtc(uint8_t block, uint16_t size) {
    return block * 4u + size <= RTC_BYTES;
}

bool system_rtc_mem_read(uint8_t block, void *data, uint16_t size) {
    if (in_rtc(block, size)) {
        memcpy(data, page->rtc + block * 4, size);
    }
    return in_rtc(block, size);
}

bool system_rtc_mem_write(uint8_t block, const void *data, uint16_t size) {
    if (in_rtc(block, size)) {
        memcpy(page->rtc + block * 4, data, size);
    }
    return in_rtc(block, size);
}

// The chip's properties.

static uint8_t cpu_mhz = 80;

uint8_t system_get_cpu_freq(void) {
    return cpu_mhz;
}

bool system_update_cpu_freq(uint8_t mhz) {
    cpu_mhz = mhz;
    return true;
}

uint32_t system_get_chip_id(void) {
    const uint8_t *mac = page->mac[0];
    return mac[3] << 16 | mac[4] << 8 | mac[5];
}

const char *system_get_sdk_version(void) {
    return "2.2.0-dev(9422289)";
}

uint16_t system_adc_read(void) {
    return page->adc;
}

uint16_t system_get_vdd33(void) {
    return UINT16_MAX; // as with the pin TOUT connected
}

void system_phy_set_max_tpw(uint8_t power) {
    (void)power;
}

void ets_install_putc1(void (*put)(char)) {
    (void)put;
}

const uint32_t *hw_random(void);
const uint32_t *hw_random(void) {
    static uint32_t word;
    if (getrandom(&word, sizeof(word), 0) < 0) {
        abort();
    }
    return &word;
}

// SDK internals that the port reads at places before two symbols (processor/builder.py): the watchdog's count, and the
// driver's lists of buffers, which are empty here.
uint32_t watchdog_counter[6];
static void *no_buffers[5];
void *driver_buffers[] = {no_buffers};

void ets_printf(const char *format, ...);
void ets_printf(const char *format, ...) {
    (void)format;
}
