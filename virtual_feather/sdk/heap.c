// Measures MicroPython's free heap while the board asks for it (`ctl heap`): MicroPython then collects before each
// allocation, and the processor before each wait, so that all that is not free after a collection is in use.
#include "chip.h"
#include "py/gc.h"
#include "py/mpstate.h"

static bool there; // whether the heap exists

static size_t free_bytes(void) {
    gc_info_t info;
    gc_info(&info);
    return info.free;
}

void __real_gc_collect_end(void);
void __wrap_gc_collect_end(void);
void __wrap_gc_collect_end(void) {
    __real_gc_collect_end();
    if (page->heap_measured) {
        size_t left = free_bytes();
        page->heap_least = left < page->heap_least ? left : page->heap_least;
    }
}

void heap_begin(void) {
    there = true;
    heap_measure();
}

void heap_measure(void) {
    if (page->heap_measured && there && MP_STATE_THREAD(gc_lock_depth) == 0) {
        MP_STATE_MEM(gc_alloc_threshold) = 0;
        gc_collect();
        page->heap_free = free_bytes();
    }
}
