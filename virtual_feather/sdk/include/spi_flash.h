// The flash chip.
#ifndef SPI_FLASH_H
#define SPI_FLASH_H

#include "c_types.h"

typedef enum { SPI_FLASH_RESULT_OK, SPI_FLASH_RESULT_ERR, SPI_FLASH_RESULT_TIMEOUT } SpiFlashOpResult;

typedef struct {
    uint32_t deviceId, chip_size, block_size, sector_size, page_size, status_mask;
} SpiFlashChip;

uint32_t spi_flash_get_id(void);
SpiFlashOpResult spi_flash_erase_sector(uint16_t sector);
SpiFlashOpResult spi_flash_write(uint32_t address, const void *data, uint32_t size);
SpiFlashOpResult spi_flash_read(uint32_t address, void *data, uint32_t size);

#endif
