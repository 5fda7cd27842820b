// The two UARTs. UART 0 is the serial path; nothing is connected to UART 1, which only sends.
#include "uart.h"

#include <poll.h>
#include <string.h>

#include "chip.h"
#include "eagle_soc.h"
#include "ets_sys.h"
#include "py/mphal.h"
#include "uart_register.h"

enum { FIFO = 128, FULL = 126, LINE = 512, LATE_US = 250000 };

// The settings that the ROM leaves.
UartDevice UartDev = {
    .baut_rate = UART_BIT_RATE_115200, .data_bits = UART_EIGHT_BITS, .stop_bits = UART_ONE_STOP_BIT,
};

static uint8_t fifo[FIFO]; // received
static unsigned fifo_count;
static uint8_t line[LINE]; // written, not yet sent to the board
static unsigned line_count;
// Received bytes that find no room in the port's buffers. A paced line loses them, as the chip does.
static uint8_t backlog[1 << 18];
static size_t backlog_from, backlog_to;
static uint64_t full_since;

void uart_flush_line(void) {
    if (line_count == 0 || page->output_held) {
        return;
    }
    unsigned count = line_count;
    line_count = 0;
    if (page->paced) {
        link_ask_number('t', line, count); // wait until the board knows whether the line has room for more
    } else {
        link_tell('T', line, count);
    }
}

static void send(uint8_t byte) {
    line[line_count++] = byte;
    if (line_count == LINE) {
        uart_flush_line();
        line_count = line_count == LINE ? LINE - 1 : line_count;
    }
}

// Bytes that wait to be sent: all written bytes while the line is held; otherwise the line takes them at once.
static uint32_t waiting_to_send(void) {
    if (line_count < FULL) {
        return line_count;
    }
    if (page->output_held) {
        struct pollfd end = {link_descriptor(), POLLIN, 0};
        poll(&end, 1, 10);
        interrupts_run();
    }
    uart_flush_line();
    return line_count;
}

uint32_t uart_read(uint32_t address) {
    if (address == UART_FIFO(UART0)) {
        uint8_t byte = fifo[0];
        if (fifo_count > 0) {
            memmove(fifo, fifo + 1, --fifo_count);
        }
        return byte;
    }
    if (address == UART_STATUS(UART0)) {
        return fifo_count | waiting_to_send() << UART_TXFIFO_CNT_S;
    }
    if (address == UART_INT_ST(UART0)) {
        return fifo_count > 0 ? UART_RXFIFO_TOUT_INT_ST : 0;
    }
    return *(volatile uint32_t *)address;
}

void uart_write(uint32_t address, uint32_t value) {
    if (address == UART_FIFO(UART0)) {
        send(value);
    } else if (address == UART_STATUS(UART0) || address == UART_FIFO(UART1)) {
        return;
    }
}

void uart_div_modify(uint8_t uart, uint32_t divider) {
    (void)uart;
    (void)divider;
}

void system_uart_swap(void) {
}

void system_uart_de_swap(void) {
}

static void receive(uint8_t byte) {
    if (fifo_count < FIFO) {
        fifo[fifo_count++] = byte;
    }
    interrupt_raise(ETS_UART_INUM);
}

void uart_arrived(const uint8_t *data, size_t size) {
    if (backlog_to + size > sizeof(backlog)) {
        memmove(backlog, backlog + backlog_from, backlog_to - backlog_from);
        backlog_to -= backlog_from;
        backlog_from = 0;
    }
    for (size_t i = 0; i < size; ++i) {
        if (uart_attached_to_dupterm && data[i] == mp_interrupt_char) {
            receive(data[i]); // Ctrl-C takes effect at once, before the bytes that wait
        } else if (backlog_to < sizeof(backlog)) {
            backlog[backlog_to++] = data[i];
        }
    }
}

// How many bytes the port has room for now.
static size_t room(void) {
    if (uart_attached_to_dupterm) {
        return ringbuf_free(&stdin_ringbuf);
    }
    return uart_rx_any(UART0) ? 0 : uart0_get_rxbuf_len() - 1;
}

void uart_poll(void) {
    size_t waiting = backlog_to - backlog_from;
    if (waiting == 0 || fifo_count > 0) {
        return;
    }
    size_t count = room();
    if (count == 0 && page->paced) {
        full_since = full_since ? full_since : clock_now();
        if (clock_now() - full_since > LATE_US) {
            backlog_from = backlog_to; // the program does not read: lost
        }
        return;
    }
    full_since = 0;
    for (count = count < waiting ? count : waiting; count > 0 && fifo_count < FULL; --count) {
        receive(backlog[backlog_from++]);
    }
}
