// Decodes the two wires of the I2C bus: START, bytes, STOP. The board answers for the devices, byte by byte.
#include "chip.h"

static enum { IDLE, ADDRESS, WRITE, ACKNOWLEDGE, READ, ACKNOWLEDGED } state;
static unsigned bits;
static uint8_t byte;
static bool reading, ack;

static void pull(bool low) {
    gpio_pull(page->sda, low);
}

static void start(void) {
    pull(false);
    state = ADDRESS;
    bits = byte = 0;
}

static void stop(void) {
    if (state != IDLE) {
        state = IDLE;
        link_tell('O', NULL, 0);
    }
}

static void rising(bool sda) {
    if (state == ADDRESS || state == WRITE) {
        byte = byte << 1 | sda;
        ++bits;
    } else if (state == ACKNOWLEDGED) {
        ack = !sda;
    }
}

static void send_bit(void) {
    pull(!(byte >> (7 - bits) & 1));
}

static void load(void) {
    state = READ;
    bits = 0;
    byte = link_ask_number('r', NULL, 0);
    send_bit();
}

static void falling(void) {
    switch (state) {
        case ADDRESS:
        case WRITE:
            if (bits == 8) {
                reading = state == ADDRESS ? byte & 1 : false;
                ack = link_ask_number(state == ADDRESS ? 'S' : 'w', &byte, 1);
                state = ACKNOWLEDGE;
                pull(ack);
            }
            break;
        case ACKNOWLEDGE:
            pull(false);
            bits = byte = 0;
            state = ack ? WRITE : IDLE;
            if (ack && reading) {
                load();
            }
            break;
        case READ:
            if (++bits < 8) {
                send_bit();
            } else {
                pull(false);
                state = ACKNOWLEDGED;
            }
            break;
        case ACKNOWLEDGED:
            if (ack) {
                load();
            } else {
                bits = byte = 0;
                state = WRITE; // nothing but STOP or START follows
            }
            break;
        case IDLE:
            break;
    }
}

void i2c_edge(uint32_t before, uint32_t now) {
    bool scl_before = before >> page->scl & 1, scl = now >> page->scl & 1;
    bool sda_before = before >> page->sda & 1, sda = now >> page->sda & 1;
    if (scl_before && scl) {
        if (sda_before && !sda) {
            start();
        } else if (!sda_before && sda) {
            stop();
        }
    } else if (scl && !scl_before) {
        rising(sda);
    } else if (scl_before) {
        falling();
    }
}
