// The ROM's MD5 (RFC 1321), with which esp.check_fw() checks the firmware.
#include <stdint.h>
#include <string.h>

#include "chip.h"

typedef struct {
    uint32_t state[4];
    uint64_t size;
    uint8_t block[64];
} context_t;

void MD5Init(char *context);
void MD5Update(char *context, const void *data, unsigned int size);
void MD5Final(unsigned char digest[16], char *context);

// RFC 1321, 3.4: the integer part of 4294967296 times abs(sin(i)).
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
static const uint8_t shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static void digest_block(context_t *md5) {
    uint32_t words[16], a = md5->state[0], b = md5->state[1], c = md5->state[2], d = md5->state[3];
    memcpy(words, md5->block, sizeof(words));
    for (unsigned i = 0; i < 64; ++i) {
        uint32_t mix[] = {(b & c) | (~b & d), (b & d) | (c & ~d), b ^ c ^ d, c ^ (b | ~d)};
        unsigned word[] = {i, 5 * i + 1, 3 * i + 5, 7 * i};
        uint32_t sum = a + mix[i / 16] + sines[i] + words[word[i / 16] % 16];
        unsigned shift = shifts[i / 16][i % 4];
        a = d, d = c, c = b;
        b += sum << shift | sum >> (32 - shift);
    }
    md5->state[0] += a, md5->state[1] += b, md5->state[2] += c, md5->state[3] += d;
}

void MD5Init(char *context) {
    context_t start = {{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}, 0, {0}};
    memcpy(context, &start, sizeof(start));
}

void MD5Update(char *context, const void *data, unsigned int size) {
    context_t *md5 = (context_t *)context;
    for (unsigned i = 0; i < size; ++i) {
        md5->block[md5->size++ % 64] = ((const uint8_t *)data)[i];
        if (md5->size % 64 == 0) {
            digest_block(md5);
        }
    }
}

void MD5Final(unsigned char digest[16], char *context) {
    context_t *md5 = (context_t *)context;
    uint64_t bits = md5->size * 8;
    MD5Update(context, "\x80", 1);
    while (md5->size % 64 != 56) {
        MD5Update(context, "", 1);
    }
    MD5Update(context, &bits, sizeof(bits));
    memcpy(digest, md5->state, 16);
}
