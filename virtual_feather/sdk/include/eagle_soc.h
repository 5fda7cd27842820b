// Registers, as the port names them. Every access goes through hw_read and hw_write.
#ifndef EAGLE_SOC_H
#define EAGLE_SOC_H

#include "c_types.h"

uint32_t hw_read(uint32_t address);
void hw_write(uint32_t address, uint32_t value);

#define READ_PERI_REG(address) hw_read(address)
#define WRITE_PERI_REG(address, value) hw_write(address, value)
#define SET_PERI_REG_MASK(address, mask) hw_write(address, hw_read(address) | (mask))
#define CLEAR_PERI_REG_MASK(address, mask) hw_write(address, hw_read(address) & ~(mask))

#define APB_CLK_FREQ 80000000
#define UART_CLK_FREQ APB_CLK_FREQ
#define CPU_CLK_FREQ APB_CLK_FREQ

// GPIO 0 to 15.
#define PERIPHS_GPIO_BASEADDR 0x60000300
#define GPIO_REG_READ(offset) hw_read(PERIPHS_GPIO_BASEADDR + (offset))
#define GPIO_REG_WRITE(offset, value) hw_write(PERIPHS_GPIO_BASEADDR + (offset), value)

// The timer of the PWM.
#define PERIPHS_TIMER_BASEDDR 0x60000600
#define RTC_REG_READ(offset) hw_read(PERIPHS_TIMER_BASEDDR + (offset))
#define RTC_REG_WRITE(offset, value) hw_write(PERIPHS_TIMER_BASEDDR + (offset), value)
#define RTC_CLR_REG_MASK(offset, mask) CLEAR_PERI_REG_MASK(PERIPHS_TIMER_BASEDDR + (offset), mask)
#define FRC1_LOAD_ADDRESS 0x00
#define FRC1_CTRL_ADDRESS 0x08
#define FRC1_INT_ADDRESS 0x0c
#define FRC1_INT_CLR_MASK 1
#define EDGE_INT_ENABLE_REG 0x3ff00004

// GPIO16 belongs to the RTC.
#define PERIPHS_RTC_BASEADDR 0x60000700
#define RTC_GPIO_OUT (PERIPHS_RTC_BASEADDR + 0x68)
#define RTC_GPIO_ENABLE (PERIPHS_RTC_BASEADDR + 0x74)
#define RTC_GPIO_IN_DATA (PERIPHS_RTC_BASEADDR + 0x8c)
#define RTC_GPIO_CONF (PERIPHS_RTC_BASEADDR + 0x90)
#define PAD_XPD_DCDC_CONF (PERIPHS_RTC_BASEADDR + 0xa0)

// What a pad is connected to.
#define PERIPHS_IO_MUX 0x60000800
#define PERIPHS_IO_MUX_PULLUP BIT7
#define PERIPHS_IO_MUX_MTDI_U (PERIPHS_IO_MUX + 0x04)
#define PERIPHS_IO_MUX_MTCK_U (PERIPHS_IO_MUX + 0x08)
#define PERIPHS_IO_MUX_MTMS_U (PERIPHS_IO_MUX + 0x0c)
#define PERIPHS_IO_MUX_MTDO_U (PERIPHS_IO_MUX + 0x10)
#define PERIPHS_IO_MUX_U0RXD_U (PERIPHS_IO_MUX + 0x14)
#define PERIPHS_IO_MUX_U0TXD_U (PERIPHS_IO_MUX + 0x18)
#define PERIPHS_IO_MUX_SD_CLK_U (PERIPHS_IO_MUX + 0x1c)
#define PERIPHS_IO_MUX_SD_DATA0_U (PERIPHS_IO_MUX + 0x20)
#define PERIPHS_IO_MUX_SD_DATA1_U (PERIPHS_IO_MUX + 0x24)
#define PERIPHS_IO_MUX_SD_DATA2_U (PERIPHS_IO_MUX + 0x28)
#define PERIPHS_IO_MUX_SD_DATA3_U (PERIPHS_IO_MUX + 0x2c)
#define PERIPHS_IO_MUX_SD_CMD_U (PERIPHS_IO_MUX + 0x30)
#define PERIPHS_IO_MUX_GPIO0_U (PERIPHS_IO_MUX + 0x34)
#define PERIPHS_IO_MUX_GPIO2_U (PERIPHS_IO_MUX + 0x38)
#define PERIPHS_IO_MUX_GPIO4_U (PERIPHS_IO_MUX + 0x3c)
#define PERIPHS_IO_MUX_GPIO5_U (PERIPHS_IO_MUX + 0x40)

#define FUNC_GPIO0 0
#define FUNC_GPIO1 3
#define FUNC_GPIO2 0
#define FUNC_GPIO3 3
#define FUNC_GPIO4 0
#define FUNC_GPIO5 0
#define FUNC_GPIO9 3
#define FUNC_GPIO10 3
#define FUNC_GPIO12 3
#define FUNC_GPIO13 3
#define FUNC_GPIO14 3
#define FUNC_GPIO15 3
#define FUNC_U0TXD 0
#define FUNC_U1TXD_BK 2

#define PIN_FUNC_SELECT(mux, function) \
    hw_write(mux, (hw_read(mux) & ~0x130u) | (((function) & 4) << 6) | (((function) & 3) << 4))
#define PIN_PULLUP_EN(mux) SET_PERI_REG_MASK(mux, PERIPHS_IO_MUX_PULLUP)
#define PIN_PULLUP_DIS(mux) CLEAR_PERI_REG_MASK(mux, PERIPHS_IO_MUX_PULLUP)

#endif
