// The one part of axTLS that is here: SHA-1 (sha1.c), for extmod/modhashlib.c.
#include <stdint.h>

enum { SHA1_SIZE = 20 };

typedef struct {
    uint32_t state[5];
    uint64_t size;
    uint8_t block[64];
} SHA1_CTX;

void SHA1_Init(SHA1_CTX *context);
void SHA1_Update(SHA1_CTX *context, const uint8_t *data, int size);
void SHA1_Final(uint8_t digest[SHA1_SIZE], SHA1_CTX *context);
