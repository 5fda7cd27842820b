// Interrupts, and the few places where the port is written in assembly.
#ifndef ETS_SYS_H
#define ETS_SYS_H

#include "eagle_soc.h"
#include "os_type.h"

enum { ETS_GPIO_INUM = 4, ETS_UART_INUM = 5, ETS_FRC_TIMER1_INUM = 9, ETS_INTERRUPTS = 16 };

typedef void (*ets_isr_t)(void *argument);

void ets_isr_attach(int number, ets_isr_t handler, void *argument);
void ets_isr_mask(uint32_t mask);
void ets_isr_unmask(uint32_t mask);

// Handlers run only where the port polls, never between a lock and its unlock.
#define ets_intr_lock() ((void)0)
#define ets_intr_unlock() ((void)0)

#define ETS_GPIO_INTR_ATTACH(handler, argument) ets_isr_attach(ETS_GPIO_INUM, handler, argument)
#define ETS_GPIO_INTR_ENABLE() ets_isr_unmask(1 << ETS_GPIO_INUM)
#define ETS_GPIO_INTR_DISABLE() ets_isr_mask(1 << ETS_GPIO_INUM)
#define ETS_UART_INTR_ATTACH(handler, argument) ets_isr_attach(ETS_UART_INUM, (ets_isr_t)(handler), argument)
#define ETS_UART_INTR_ENABLE() ets_isr_unmask(1 << ETS_UART_INUM)
#define ETS_UART_INTR_DISABLE() ets_isr_mask(1 << ETS_UART_INUM)
#define ETS_FRC_TIMER1_INTR_ATTACH(handler, argument) ets_isr_attach(ETS_FRC_TIMER1_INUM, handler, argument)
#define ETS_FRC1_INTR_ENABLE() ets_isr_unmask(1 << ETS_FRC_TIMER1_INUM)
#define TM1_EDGE_INT_ENABLE() SET_PERI_REG_MASK(EDGE_INT_ENABLE_REG, BIT1)

// The port's `asm ("waiti 0")` and `asm ("j call_user_start")`.
void hw_asm(const char *instruction);
#define asm(...) hw_asm(#__VA_ARGS__)

#endif
