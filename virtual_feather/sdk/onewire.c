// Decodes the wires of 1-Wire devices: reset pulses and time slots (datasheet DS18B20, "1-Wire Signaling"). The board
// answers for the devices, bit by bit.
#include "chip.h"

enum { RESET_US = 400, SAMPLE_US = 15, SLOT_US = 45, PRESENCE_FROM_US = 30, PRESENCE_TO_US = 240 };

static struct {
    uint64_t fell, presence; // when the slot began; when the reset pulse ended, 0: no device answers
    bool open; // the slot was short: the controller writes a 1, or, if it samples the wire in time, reads a bit
    bool low;  // the bit read is 0
} wires[PADS];

static void ask_for_bit(unsigned pad) {
    uint8_t number = pad;
    wires[pad].open = false;
    wires[pad].low = !link_ask_number('2', &number, 1);
}

static void write_bit(unsigned pad, uint8_t bit) {
    uint8_t slot[] = {pad, bit};
    wires[pad].open = false;
    link_ask_number('1', slot, sizeof(slot));
}

static void close_slot(unsigned pad) {
    if (wires[pad].open) {
        write_bit(pad, 1);
    }
}

void onewire_settle(unsigned pad) {
    if (wires[pad].open && clock_now() - wires[pad].fell > SLOT_US) {
        close_slot(pad);
    }
}

void onewire_edge(unsigned pad, bool low) {
    uint8_t number = pad;
    uint64_t now = clock_now(), lasted = now - wires[pad].fell;
    if (low) {
        close_slot(pad);
        wires[pad].fell = now;
        wires[pad].presence = 0;
        wires[pad].low = false;
    } else if (lasted >= RESET_US) {
        wires[pad].presence = link_ask_number('0', &number, 1) ? now : 0;
    } else if (lasted > SAMPLE_US) {
        write_bit(pad, 0);
    } else {
        wires[pad].open = true;
    }
}

bool onewire_pulls(unsigned pad) {
    uint64_t now = clock_now(), answered = now - wires[pad].presence;
    if (wires[pad].presence && answered >= PRESENCE_FROM_US && answered < PRESENCE_TO_US) {
        return true;
    }
    if (wires[pad].open && now - wires[pad].fell <= SLOT_US) {
        ask_for_bit(pad);
    }
    return wires[pad].low && now - wires[pad].fell <= SLOT_US;
}
