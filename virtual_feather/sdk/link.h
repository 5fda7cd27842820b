// The link to the board: one page of memory that both share, and two sockets. processor/page.py and processor/child.py
// are its other end; child.py explains each message.
#ifndef LINK_H
#define LINK_H

#include "c_types.h"

enum { PADS = 17, RTC_BYTES = 768, PACE_KINDS = 4 };

struct interface_parameters {
    uint8_t ssid[32], key[64];
    uint8_t ssid_length, channel, authmode, hidden;
};

// processor/page.py has the same fields in the same order.
struct page {
    // The clock: microseconds of CLOCK_MONOTONIC plus all skipped time.
    int64_t skipped_us;
    int64_t free_until_us; // the board does nothing by itself before this time; 0: it is awake
    int64_t fast_until_us; // nothing is skipped from this time on
    int64_t quiet_from_us; // of CLOCK_MONOTONIC: nothing is skipped before, a frame may be under way
    int64_t boot_us;       // the chip's last reset
    int64_t rtc_from_us;   // when the counter of the RTC was 0
    uint32_t told;         // messages that the board has sent
    uint32_t frames;       // frames that the board has sent
    uint32_t sent, seen;   // frames that the processor has sent, and those of them that the board has taken
    uint32_t flash_size, flash_id;
    uint32_t pads_low, pads_high, pulled_up;          // what the processor drives, a bit for each pad
    uint32_t held_low, held_high, resistors;          // what the wires outside do
    uint32_t heard;                                   // pads whose changes the board listens to
    uint32_t onewire;                                 // pads with 1-Wire devices
    uint32_t heap_free, heap_least;                   // bytes: at the last wait, and since the board set it (heap.c)
    uint32_t pace_ns[PACE_KINDS];                   // pace.c: a branch on the chip; all 0: not modelled
    uint8_t scl, sda;                                 // pads of the I2C bus
    uint16_t adc;
    uint8_t reset_reason, fast, paced, output_held, heap_measured;
    // Wi-Fi: what the board's radio knows.
    uint8_t opmode, status, air_channel;
    int8_t rssi;
    uint8_t mac[2][6]; // of the station, of the access point
    struct interface_parameters station, access_point;
    uint8_t rtc[RTC_BYTES];
};

extern struct page *page;

// Tell the board something, or ask it and wait. Sizes in bytes; link_ask returns the size of the answer.
void link_open(int messages, int memory);
void link_tell(char kind, const void *data, size_t size);
size_t link_ask(char kind, const void *data, size_t size, void *answer, size_t room);
int link_ask_number(char kind, const void *data, size_t size);
// Handle the messages that the board has sent; whether there were any.
bool link_poll(void);
int link_descriptor(void);
// Wait for the reset that was asked for.
void link_end(void) __attribute__((noreturn));

#endif
