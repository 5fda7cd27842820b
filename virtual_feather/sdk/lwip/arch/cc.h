// The compiler, as lwIP asks for it.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LWIP_NO_INTTYPES_H 0
#define LWIP_PLATFORM_DIAG(message) ((void)0)
#define LWIP_RAND() ((uint32_t)*hw_random())
const uint32_t *hw_random(void);
void *sdk_calloc(size_t count, size_t size);
void *pvPortMalloc(size_t size);
void vPortFree(void *block);
