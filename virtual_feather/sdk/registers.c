// The registers. They are in memory at the chip's addresses, so that machine.mem32 finds them, and hold the last value
// written. A register with an effect calls the file that models it.
#include "chip.h"
#include "eagle_soc.h"
#include "gpio.h"
#include "hspi.h"
#include "uart_register.h"

// Sections of their own, which the linker puts at the chip's addresses (processor/builder.py).
__attribute__((section(".sbss.peripherals"), used)) uint8_t peripherals[0x2000];
__attribute__((section(".sbss.dport"), used)) uint8_t dport[0x1000];

enum { BLOCK = 0x100 };
#define MEMORY(address) (*(volatile uint32_t *)(address))

static uint64_t spi_busy_until_ns;

// HSPI: nothing is connected to it, but its transfers take as long as on the chip. A short delay of the computer
// between two transfers is made up for.
static void transfer(void) {
    enum { CATCH_UP_US = 20000 };
    uint32_t user = MEMORY(SPI_USER(HSPI)), lengths = MEMORY(SPI_USER1(HSPI)), clock = MEMORY(SPI_CLOCK(HSPI));
    uint32_t bits = user & SPI_USR_MOSI ? (lengths >> SPI_USR_MOSI_BITLEN_S & SPI_USR_MOSI_BITLEN) + 1 : 0;
    bits += user & SPI_USR_MISO ? (lengths >> SPI_USR_MISO_BITLEN_S & SPI_USR_MISO_BITLEN) + 1 : 0;
    uint32_t divider = clock & SPI_CLK_EQU_SYSCLK ? 1
        : ((clock >> SPI_CLKDIV_PRE_S & SPI_CLKDIV_PRE) + 1) * ((clock >> SPI_CLKCNT_N_S & SPI_CLKCNT_N) + 1);
    uint64_t now_ns = clock_now() * 1000;
    bool idle = spi_busy_until_ns + CATCH_UP_US * 1000 < now_ns;
    spi_busy_until_ns = (idle ? now_ns : spi_busy_until_ns) + bits * divider * 25 / 2;
    MEMORY(SPI_W0(HSPI)) = gpio_input_get() & BIT12 ? UINT32_MAX : 0;
}

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
    if (address == SPI_CMD(HSPI)) {
        return clock_now() * 1000 < spi_busy_until_ns ? SPI_USR : 0;
    }
    return MEMORY(address);
}

void hw_write(uint32_t address, uint32_t value) {
    MEMORY(address) = value;
    if (in(address, REG_UART_BASE(0)) || in(address, REG_UART_BASE(1))) {
        uart_write(address, value);
    } else if (address == SPI_CMD(HSPI)) {
        transfer();
    } else if (in(address, PERIPHS_GPIO_BASEADDR)) {
        gpio_write(address - PERIPHS_GPIO_BASEADDR, value);
    } else if (in(address, PERIPHS_TIMER_BASEDDR)) {
        frc1_write(address - PERIPHS_TIMER_BASEDDR, value);
    } else if (in(address, PERIPHS_RTC_BASEADDR) || in(address, PERIPHS_IO_MUX)) {
        gpio_changed();
    }
}
