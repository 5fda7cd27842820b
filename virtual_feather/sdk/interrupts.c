// Interrupts: handlers run where the port polls, which is every few turns of its interpreter and in every wait.
#include <string.h>

#include "chip.h"
#include "ets_alt_task.h"
#include "ets_sys.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "uart.h"

static struct {
    ets_isr_t handler;
    void *argument;
} attached[ETS_INTERRUPTS];
static uint32_t enabled, raised;
static bool runs;

void ets_isr_attach(int number, ets_isr_t handler, void *argument) {
    attached[number].handler = handler;
    attached[number].argument = argument;
}

void ets_isr_unmask(uint32_t mask) {
    enabled |= mask;
}

void ets_isr_mask(uint32_t mask) {
    enabled &= ~mask;
}

void interrupt_raise(int number) {
    raised |= 1u << number;
}

bool interrupt_runs(void) {
    return runs;
}

static void run(int number) {
    uint32_t bit = 1u << number;
    if (raised & enabled & bit) {
        raised &= ~bit;
        clock_event();
        runs = true;
        attached[number].handler(attached[number].argument);
        runs = false;
    }
}

void interrupts_run(void) {
    if (hw_irq_level() != 0 || runs) {
        return;
    }
    uart_flush_line();
    link_poll();
    uart_poll();
    gpio_poll();
    frc1_poll();
    run(ETS_UART_INUM);
    run(ETS_GPIO_INUM);
    run(ETS_FRC_TIMER1_INUM);
}

// One turn of the port's event loop; the linker leads all calls of the port's function here.
bool __real_ets_loop_iter(void);
bool __wrap_ets_loop_iter(void);
bool __wrap_ets_loop_iter(void) {
    clock_follow(false);
    interrupts_run();
    watchdog_poll();
    if (ets_loop_iter_disable) {
        return false;
    }
    timers_run();
    wifi_poll();
    netif_poll();
    return __real_ets_loop_iter();
}

// The port's functions that wait in loops of their own.
void __wrap_mp_hal_delay_us(uint32_t us);
void __wrap_mp_hal_delay_us(uint32_t us) {
    if (hw_irq_level() != 0) {
        clock_busy(us);
        return;
    }
    uint64_t end = clock_now() + us;
    do {
        mp_event_handle_nowait();
        clock_idle_until(end);
    } while (clock_now() < end);
}

void __wrap_mp_hal_delay_ms(uint32_t ms);
void __wrap_mp_hal_delay_ms(uint32_t ms) {
    __wrap_mp_hal_delay_us(ms * 1000);
}

int __wrap_mp_hal_stdin_rx_chr(void);
int __wrap_mp_hal_stdin_rx_chr(void) {
    for (;;) {
        int byte = ringbuf_get(&stdin_ringbuf);
        if (byte >= 0) {
            return byte;
        }
        mp_event_handle_nowait();
        if (stdin_ringbuf.iget == stdin_ringbuf.iput) {
            clock_wait_for_event(FOREVER_MS);
        }
    }
}

// machine.UART waits for its first byte, and for each next one.
bool __wrap_uart_rx_wait(uint32_t us);
bool __wrap_uart_rx_wait(uint32_t us) {
    uint64_t end = clock_now() + us;
    while (!uart_rx_any(UART0)) {
        if (clock_now() >= end) {
            return false;
        }
        mp_event_handle_nowait();
        clock_idle_until(end);
    }
    return true;
}

void hw_asm(const char *instruction) {
    if (strstr(instruction, "waiti")) {
        clock_idle_until(clock_now() + 1000);
    }
}
