// The start: open the board's descriptors, switch to the chip's stack, and call user_init() as the SDK does.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "chip.h"
#include "py/gc.h"
#include "py/stackctrl.h"
#include "shared/runtime/pyexec.h"
#include "user_interface.h"

// The linker puts this below 0x40000000 (processor/builder.py), where the port expects its stack to begin.
enum { STACK = 1 << 16 };
__attribute__((section(".sbss.stack"), used, aligned(16))) uint8_t chip_stack[STACK];

// Stack frames of this computer are smaller than the chip's: a smaller stack gives the same depth of recursion.
enum { CHIP_LIMIT = 8192, SAME_DEPTH = 5200 };

void user_init(void);

static void (*init_done)(void);

void system_init_done_cb(void (*call)(void)) {
    init_done = call;
}

static void run(void) {
    user_init();
    init_done();
}

static void call_on(uint8_t *top, void (*function)(void)) {
#if defined(__i386__)
    __asm__ volatile("mov %0, %%esp\n call *%1" ::"r"(top), "r"(function) : "memory");
#elif defined(__arm__)
    __asm__ volatile("mov sp, %0\n blx %1" ::"r"(top), "r"(function) : "memory", "lr");
#else
#error "a 32-bit x86 or Arm processor"
#endif
    __builtin_unreachable();
}

// Replaces the port's gchelper.s.
mp_uint_t gc_helper_get_regs_and_sp(mp_uint_t *registers);
mp_uint_t gc_helper_get_regs_and_sp(mp_uint_t *registers) {
#if defined(__i386__)
    __asm__ volatile("mov %%ebx, (%0)\n mov %%esi, 4(%0)\n mov %%edi, 8(%0)\n mov %%ebp, 12(%0)" ::"r"(registers)
                     : "memory");
#else
    __asm__ volatile("stmia %0, {r4-r11}" ::"r"(registers) : "memory");
#endif
    return (mp_uint_t)__builtin_frame_address(0);
}

void __real_mp_stack_set_limit(mp_uint_t limit);
void __wrap_mp_stack_set_limit(mp_uint_t limit);
void __wrap_mp_stack_set_limit(mp_uint_t limit) {
    __real_mp_stack_set_limit(limit * SAME_DEPTH / CHIP_LIMIT);
}

// Tell the board when the file system is mounted and boot.py begins.
int __real_pyexec_file_if_exists(const char *name);
int __wrap_pyexec_file_if_exists(const char *name);
int __wrap_pyexec_file_if_exists(const char *name) {
    if (strcmp(name, "boot.py") == 0) {
        heap_begin();
        link_tell('H', NULL, 0);
    }
    return __real_pyexec_file_if_exists(name);
}

// Arguments: descriptors of the messages, the frames, the page and the flash file.
int main(int count, char **arguments) {
    if (count != 5) {
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); // no board, no processor
    link_open(atoi(arguments[1]), atoi(arguments[3]));
    flash_open(atoi(arguments[4]));
    netif_open(atoi(arguments[2]));
    call_on(chip_stack + STACK, run);
}
