// The functions that the files of the stand-in SDK offer each other.
#ifndef CHIP_H
#define CHIP_H

#include "c_types.h"
#include "link.h"

// clock.c
uint64_t clock_now(void);             // microseconds of the board's clock; counted while interrupts are off
void clock_event(void);               // something has happened: the next wait ends at once
void clock_idle_until(uint64_t when); // wait for that time or an event
void clock_follow(bool waits);        // at the chip's pace: let the computer's clock catch up
void clock_busy(uint32_t us);         // the processor stands still
enum { FOREVER_MS = -1 };

// heap.c
void heap_begin(void);   // the heap exists, and boot.py begins
void heap_measure(void); // called before the processor waits

// pace.c
uint32_t pace_spent_us(void); // time on the chip, since the last call

// timers.c
void timers_run(void);
uint64_t timers_due(void);
void watchdog_poll(void);
uint64_t watchdog_due(void);

// interrupts.c
void interrupt_raise(int number);
void interrupts_run(void);
bool interrupt_runs(void); // whether the caller is a handler

// uart.c
uint32_t uart_read(uint32_t address);
void uart_write(uint32_t address, uint32_t value);
void uart_arrived(const uint8_t *data, size_t size);
void uart_poll(void);       // hand on the received bytes that find room
void uart_flush_line(void); // send the written bytes to the board

// gpio.c
uint32_t gpio_read(uint32_t offset);
void gpio_write(uint32_t offset, uint32_t value);
void gpio_outside_changed(void);
void gpio_changed(void);
void gpio_poll(void); // handle a change of the wires outside
void gpio_pull(uint32_t pad, bool low); // a device on the I2C bus pulls its wire low, or releases it
uint32_t gpio16_read(void);

// i2c.c, onewire.c, pulses.c: what the devices on the wires see and do
void i2c_edge(uint32_t before, uint32_t now); // levels of all pads
void onewire_edge(unsigned pad, bool low);
void onewire_settle(unsigned pad);
bool onewire_pulls(unsigned pad); // whether a device pulls the wire low now
void pulses_start(const uint16_t *pulses, size_t size);
bool pulses_pull(unsigned pad);

// frc1.c
void frc1_write(uint32_t offset, uint32_t value);
uint64_t frc1_due(void);
void frc1_poll(void);

// flash.c
void flash_open(int descriptor);

// wifi.c
void wifi_changed(void);
void wifi_poll(void);

// network.c
void netif_open(int frames);
void netif_poll(void);
uint64_t netif_due(void);
bool netif_busy(void); // whether a frame is on its way, in either direction
int netif_descriptor(void);
void netif_link(bool up);

#endif
