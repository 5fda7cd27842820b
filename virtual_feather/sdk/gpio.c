// The GPIO pads: what the registers drive, what the wires outside do, the resulting level, and who is told of changes.
#include "gpio.h"

#include "chip.h"
#include "ets_sys.h"

enum { GPIO_PADS = 16 };
#define REGISTER(offset) (*(volatile uint32_t *)(PERIPHS_GPIO_BASEADDR + (offset)))
#define RTC(address) (*(volatile uint32_t *)(address))

// For each pad its multiplexer, the function that makes it a GPIO, and whether another function drives it high (a
// transmitter that is idle).
static const struct {
    uint32_t mux;
    uint8_t gpio;
    bool idle_high;
} pads[GPIO_PADS] = {
    [0] = {PERIPHS_IO_MUX_GPIO0_U, FUNC_GPIO0, false},   [1] = {PERIPHS_IO_MUX_U0TXD_U, FUNC_GPIO1, true},
    [2] = {PERIPHS_IO_MUX_GPIO2_U, FUNC_GPIO2, true},    [3] = {PERIPHS_IO_MUX_U0RXD_U, FUNC_GPIO3, false},
    [4] = {PERIPHS_IO_MUX_GPIO4_U, FUNC_GPIO4, false},   [5] = {PERIPHS_IO_MUX_GPIO5_U, FUNC_GPIO5, false},
    [9] = {PERIPHS_IO_MUX_SD_DATA2_U, FUNC_GPIO9, false}, [10] = {PERIPHS_IO_MUX_SD_DATA3_U, FUNC_GPIO10, false},
    [12] = {PERIPHS_IO_MUX_MTDI_U, FUNC_GPIO12, false},  [13] = {PERIPHS_IO_MUX_MTCK_U, FUNC_GPIO13, false},
    [14] = {PERIPHS_IO_MUX_MTMS_U, FUNC_GPIO14, false},  [15] = {PERIPHS_IO_MUX_MTDO_U, FUNC_GPIO15, false},
};

static uint32_t pulled;  // by devices on the I2C bus
static uint32_t levels;  // as they were last
static bool outside_changed;

static unsigned function_of(uint32_t mux) {
    return (mux >> 4 & 3) | (mux >> 6 & 4);
}

static void drive(void) {
    uint32_t low = 0, high = 0, up = 0;
    for (unsigned i = 0; i < GPIO_PADS; ++i) {
        if (pads[i].mux == 0) {
            continue;
        }
        uint32_t mux = RTC(pads[i].mux), bit = 1u << i;
        up |= mux & PERIPHS_IO_MUX_PULLUP ? bit : 0;
        if (function_of(mux) != pads[i].gpio) {
            high |= pads[i].idle_high ? bit : 0;
        } else if (REGISTER(GPIO_ENABLE_ADDRESS) & bit) {
            bool latch = REGISTER(GPIO_OUT_ADDRESS) & bit;
            bool open_drain = REGISTER(GPIO_PIN_ADDR(i)) & GPIO_PIN_PAD_DRIVER_SET(GPIO_PAD_DRIVER_ENABLE);
            low |= latch ? 0 : bit;
            high |= latch && !open_drain ? bit : 0;
        }
    }
    if (RTC(RTC_GPIO_ENABLE) & 1) {
        *(RTC(RTC_GPIO_OUT) & 1 ? &high : &low) |= 1u << GPIO_PADS;
    }
    page->pads_low = low;
    page->pads_high = high;
    page->pulled_up = up;
}

static uint32_t resulting(void) {
    uint32_t low = page->held_low | page->pads_low | pulled; // a short to ground wins over a driver
    return ~low & (page->held_high | page->pads_high | page->pulled_up | page->resistors);
}

static void raise_interrupts(uint32_t changed, uint32_t now) {
    for (unsigned i = 0; i < GPIO_PADS; ++i) {
        unsigned edge = now >> i & 1 ? GPIO_PIN_INTR_POSEDGE : GPIO_PIN_INTR_NEGEDGE;
        if (changed >> i & 1 && GPIO_PIN_INT_TYPE_GET(REGISTER(GPIO_PIN_ADDR(i))) & edge) {
            REGISTER(GPIO_STATUS_ADDRESS) |= 1u << i;
            interrupt_raise(ETS_GPIO_INUM);
        }
    }
}

static void tell_board(void) {
    if (interrupt_runs()) {
        link_tell('p', NULL, 0);
        return;
    }
    uint16_t pulses[1 + 128];
    size_t size = link_ask('P', NULL, 0, pulses, sizeof(pulses));
    pulses_start(pulses, size);
}

static void tell_devices(uint32_t before, uint32_t now) {
    i2c_edge(before, now);
    for (unsigned i = 0; i < GPIO_PADS; ++i) {
        if ((before ^ now) & page->onewire & 1u << i) {
            onewire_edge(i, !(now >> i & 1));
        }
    }
}

static void settle(bool outside) {
    uint32_t before = levels, now = resulting(), changed = before ^ now;
    levels = now;
    if (changed == 0) {
        return;
    }
    raise_interrupts(changed, now);
    if (!outside && changed & page->heard) {
        tell_board();
    }
    tell_devices(before, now);
}

void gpio_changed(void) {
    drive();
    settle(false);
}

void gpio_outside_changed(void) {
    outside_changed = true;
}

void gpio_poll(void) {
    if (outside_changed) {
        outside_changed = false;
        clock_event();
        settle(true);
    }
}

void gpio_pull(uint32_t pad, bool low) {
    pulled = low ? pulled | 1u << pad : pulled & ~(1u << pad);
    levels = resulting();
}

uint32_t gpio_input_get(void) {
    gpio_poll();
    uint32_t now = resulting();
    for (unsigned i = 0; i < GPIO_PADS; ++i) {
        if (pulses_pull(i) || (page->onewire >> i & 1 && onewire_pulls(i))) {
            now &= ~(1u << i);
        }
    }
    return now & 0xffff;
}

uint32_t gpio16_read(void) {
    return resulting() >> GPIO_PADS & 1;
}

void gpio_output_set(uint32_t high, uint32_t low, uint32_t enable, uint32_t disable) {
    REGISTER(GPIO_OUT_ADDRESS) = (REGISTER(GPIO_OUT_ADDRESS) | high) & ~low;
    REGISTER(GPIO_ENABLE_ADDRESS) = (REGISTER(GPIO_ENABLE_ADDRESS) | enable) & ~disable;
    for (unsigned i = 0; page->onewire >> i; ++i) {
        if (page->onewire & (high | low | enable | disable) & 1u << i) {
            onewire_settle(i);
        }
    }
    gpio_changed();
}

uint32_t gpio_read(uint32_t offset) {
    return offset == GPIO_IN_ADDRESS ? gpio_input_get() : REGISTER(offset);
}

// For each register that sets or clears bits of another register: that other register.
static const uint32_t targets[] = {
    [GPIO_OUT_W1TS_ADDRESS / 4] = GPIO_OUT_ADDRESS,       [GPIO_OUT_W1TC_ADDRESS / 4] = GPIO_OUT_ADDRESS,
    [GPIO_ENABLE_W1TS_ADDRESS / 4] = GPIO_ENABLE_ADDRESS, [GPIO_ENABLE_W1TC_ADDRESS / 4] = GPIO_ENABLE_ADDRESS,
    [GPIO_STATUS_W1TS_ADDRESS / 4] = GPIO_STATUS_ADDRESS, [GPIO_STATUS_W1TC_ADDRESS / 4] = GPIO_STATUS_ADDRESS,
};

void gpio_write(uint32_t offset, uint32_t value) {
    switch (offset) {
        case GPIO_OUT_W1TS_ADDRESS:
        case GPIO_ENABLE_W1TS_ADDRESS:
        case GPIO_STATUS_W1TS_ADDRESS:
            REGISTER(targets[offset / 4]) |= value;
            break;
        case GPIO_OUT_W1TC_ADDRESS:
        case GPIO_ENABLE_W1TC_ADDRESS:
        case GPIO_STATUS_W1TC_ADDRESS:
            REGISTER(targets[offset / 4]) &= ~value;
            break;
        default:
            break;
    }
    gpio_changed();
}
