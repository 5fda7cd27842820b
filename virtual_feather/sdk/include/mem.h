// The SDK's heap, from which lwIP takes its memory too.
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

void *pvPortMalloc(size_t size);
void vPortFree(void *block);
#define os_malloc pvPortMalloc
#define os_free vPortFree

#endif
