// The link's messages: the first byte is the kind; processor/child.py explains them all.
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chip.h"

enum { LARGEST = 1 << 16 };

struct page *page;
static int link_socket;
static uint32_t taken; // messages so far
static uint8_t buffer[LARGEST];

void link_open(int messages, int memory) {
    link_socket = messages;
    page = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (page == MAP_FAILED) {
        _exit(1);
    }
}

int link_descriptor(void) {
    return link_socket;
}

void link_end(void) {
    uart_flush_line();
    for (;;) {
        pause();
    }
}

void link_tell(char kind, const void *data, size_t size) {
    if (kind != 'T' && kind != 't') {
        uart_flush_line(); // earlier output goes first
    }
    struct iovec parts[] = {{&kind, 1}, {(void *)data, size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    while (sendmsg(link_socket, &message, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) {
            _exit(0); // the board has gone
        }
    }
}

// Receive the next message into `buffer`: its kind, then `size` bytes.
static char take(size_t *size) {
    ssize_t got;
    do {
        got = recv(link_socket, buffer, sizeof(buffer), 0);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        _exit(0);
    }
    ++taken;
    *size = got - 1;
    return buffer[0];
}

static void handle(char kind, size_t size) {
    switch (kind) {
        case 'U':
            uart_arrived(buffer + 1, size);
            break;
        case 'G':
            gpio_outside_changed();
            break;
        case 'V':
            wifi_changed();
            break;
        default: // 'X': the program may print again
            break;
    }
    clock_event();
}

bool link_poll(void) {
    bool any = false;
    while (taken != __atomic_load_n(&page->told, __ATOMIC_ACQUIRE)) {
        size_t size;
        char kind = take(&size);
        handle(kind, size);
        any = true;
    }
    return any;
}

size_t link_ask(char kind, const void *data, size_t size, void *answer, size_t room) {
    link_tell(kind, data, size);
    for (;;) {
        size_t got;
        char what = take(&got);
        if (what == 'A') {
            memcpy(answer, buffer + 1, got < room ? got : room);
            return got < room ? got : room;
        }
        handle(what, got);
    }
}

int link_ask_number(char kind, const void *data, size_t size) {
    int32_t number = 0;
    link_ask(kind, data, size, &number, sizeof(number));
    return number;
}
