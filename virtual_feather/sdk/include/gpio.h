// GPIO 0 to 15.
#ifndef GPIO_H
#define GPIO_H

#include "ets_sys.h"

#define GPIO_OUT_ADDRESS 0x00
#define GPIO_OUT_W1TS_ADDRESS 0x04
#define GPIO_OUT_W1TC_ADDRESS 0x08
#define GPIO_ENABLE_ADDRESS 0x0c
#define GPIO_ENABLE_W1TS_ADDRESS 0x10
#define GPIO_ENABLE_W1TC_ADDRESS 0x14
#define GPIO_IN_ADDRESS 0x18
#define GPIO_STATUS_ADDRESS 0x1c
#define GPIO_STATUS_W1TS_ADDRESS 0x20
#define GPIO_STATUS_W1TC_ADDRESS 0x24
#define GPIO_PIN_ADDR(pin) (0x28 + (pin) * 4)

#define GPIO_ID_PIN(pin) (pin)
#define GPIO_PAD_DRIVER_ENABLE 1
#define GPIO_PIN_PAD_DRIVER_SET(value) (((value) & 1) << 2)
#define GPIO_PIN_INT_TYPE_MASK 0x380
#define GPIO_PIN_INT_TYPE_GET(word) (((word) & GPIO_PIN_INT_TYPE_MASK) >> 7)
#define GPIO_PIN_INT_TYPE_SET(type) (((type) << 7) & GPIO_PIN_INT_TYPE_MASK)

typedef enum { GPIO_PIN_INTR_DISABLE, GPIO_PIN_INTR_POSEDGE, GPIO_PIN_INTR_NEGEDGE } GPIO_INT_TYPE;

void gpio_output_set(uint32_t high, uint32_t low, uint32_t enable, uint32_t disable);
uint32_t gpio_input_get(void);
#define GPIO_INPUT_GET(pin) ((gpio_input_get() >> (pin)) & 1)

#endif
