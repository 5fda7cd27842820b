// The SDK's flash calls: the flash file is mapped, its first MiB at the chip's address; the board erases and writes.
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chip.h"
#include "spi_flash.h"

enum { MAPPED = 1 << 20, LARGEST_WRITE = 1 << 14 };

// The linker puts this at 0x40200000 (processor/builder.py), and the flash file is mapped over it.
__attribute__((section(".sbss.flash"), used, aligned(4096))) uint8_t flash_window[MAPPED];

// The ROM's parameters of the flash chip. The port reads the structure 4 bytes after the symbol.
struct {
    uint32_t before;
    SpiFlashChip chip;
} flashchip;

static const uint8_t *flash;

void flash_open(int descriptor) {
    flash = mmap(NULL, page->flash_size, PROT_READ, MAP_SHARED, descriptor, 0);
    void *window = mmap(flash_window, MAPPED, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor, 0);
    if (flash == MAP_FAILED || window == MAP_FAILED) {
        _exit(1);
    }
    flashchip.chip = (SpiFlashChip){page->flash_id, page->flash_size, 65536, 4096, 256, 0xffff};
}

uint32_t spi_flash_get_id(void) {
    return page->flash_id;
}

static SpiFlashOpResult done(int busy_us) {
    if (busy_us < 0) {
        return SPI_FLASH_RESULT_ERR;
    }
    if (busy_us > 0) {
        clock_busy(busy_us);
    }
    return SPI_FLASH_RESULT_OK;
}

SpiFlashOpResult spi_flash_erase_sector(uint16_t sector) {
    uint32_t number = sector;
    return done(link_ask_number('E', &number, sizeof(number)));
}

SpiFlashOpResult spi_flash_write(uint32_t address, const void *data, uint32_t size) {
    static uint8_t message[4 + LARGEST_WRITE];
    for (uint32_t at = 0; at < size; at += LARGEST_WRITE) {
        uint32_t part = size - at < LARGEST_WRITE ? size - at : LARGEST_WRITE, to = address + at;
        memcpy(message, &to, 4);
        memcpy(message + 4, (const uint8_t *)data + at, part);
        if (done(link_ask_number('W', message, 4 + part)) != SPI_FLASH_RESULT_OK) {
            return SPI_FLASH_RESULT_ERR;
        }
    }
    return SPI_FLASH_RESULT_OK;
}

SpiFlashOpResult spi_flash_read(uint32_t address, void *data, uint32_t size) {
    if (address > page->flash_size || size > page->flash_size - address) {
        return SPI_FLASH_RESULT_ERR;
    }
    memcpy(data, flash + address, size);
    return SPI_FLASH_RESULT_OK;
}

// The ROM's read, with which the port's firmware_start looks for the SDK's parameters.
uint32_t SPIRead(uint32_t offset, void *buffer, uint32_t size) {
    return spi_flash_read(offset, buffer, size);
}

uint32_t SPIWrite(uint32_t offset, const void *buffer, uint32_t size) {
    return spi_flash_write(offset, buffer, size);
}
