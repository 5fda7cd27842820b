// Registers. They lie in memory where the chip has them, so that machine.mem32 finds them, and hold what was written last;
// those that do something go to the part that does it.
#include "chip.h"
#include "eagle_soc.h"
#include "gpio.h"
#include "uart_register.h"

// Sections of their own, which the linker puts at the chip's addresses (processor/build.py).
__attribute__((section(".sbss.peripherals"), used)) uint8_t peripherals[0x2000];
__attribute__((section(".sbss.dport"), used)) uint8_t dport[0x1000];

enum { SPI_BASE = 0x60000100, BLOCK = 0x100 };
#define MEMORY(address) (*(volatile uint32_t *)(address))

static bool in(uint32_t address, uint32_t base) {
    return address >= base && address < base + BLOCK;
}

uint32_t hw_read(uint32_t address) {
    if (in(address, REG_UART_BASE(0)) || in(address, REG_UART_BASE(1))) {
        return uart_read(address);
    }
    if (in(address, PERIPHS_GPIO_BASEADDR)) {
        return gpio_read(address - PERIPHS_GPIO_BASEADDR);
    }
    if (address == RTC_GPIO_IN_DATA) {
        return gpio16_read();
    }
    return MEMORY(address);
}

void hw_write(uint32_t address, uint32_t value) {
    MEMORY(address) = value;
    if (in(address, REG_UART_BASE(0)) || in(address, REG_UART_BASE(1))) {
        uart_write(address, value);
    } else if (address == SPI_BASE) {
        MEMORY(address) = 0; // the command register: a transfer takes no time
    } else if (in(address, PERIPHS_GPIO_BASEADDR)) {
        gpio_write(address - PERIPHS_GPIO_BASEADDR, value);
    } else if (in(address, PERIPHS_TIMER_BASEDDR)) {
        frc1_write(address - PERIPHS_TIMER_BASEDDR, value);
    } else if (in(address, PERIPHS_RTC_BASEADDR) || in(address, PERIPHS_IO_MUX)) {
        gpio_changed();
    }
}
