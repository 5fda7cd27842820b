// SHA-1 (RFC 3174), instead of axTLS's: WebREPL's handshake needs it.
#include "lib/axtls/crypto/crypto.h"

static uint32_t rotate(uint32_t word, unsigned bits) {
    return word << bits | word >> (32 - bits);
}

static void digest_block(SHA1_CTX *context) {
    static const uint32_t constants[] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t words[80], *state = context->state;
    for (unsigned i = 0; i < 16; ++i) {
        const uint8_t *bytes = context->block + 4 * i;
        words[i] = (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
    }
    for (unsigned i = 16; i < 80; ++i) {
        words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned i = 0; i < 80; ++i) {
        uint32_t mix[] = {(b & c) | (~b & d), b ^ c ^ d, (b & c) | (b & d) | (c & d), b ^ c ^ d};
        uint32_t sum = rotate(a, 5) + mix[i / 20] + e + words[i] + constants[i / 20];
        e = d, d = c, c = rotate(b, 30), b = a, a = sum;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

void SHA1_Init(SHA1_CTX *context) {
    *context = (SHA1_CTX){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
}

void SHA1_Update(SHA1_CTX *context, const uint8_t *data, int size) {
    for (int i = 0; i < size; ++i) {
        context->block[context->size++ % 64] = data[i];
        if (context->size % 64 == 0) {
            digest_block(context);
        }
    }
}

void SHA1_Final(uint8_t digest[SHA1_SIZE], SHA1_CTX *context) {
    uint64_t bits = context->size * 8;
    SHA1_Update(context, (const uint8_t *)"\x80", 1);
    while (context->size % 64 != 56) {
        SHA1_Update(context, (const uint8_t *)"", 1);
    }
    for (int shift = 56; shift >= 0; shift -= 8) {
        SHA1_Update(context, &(uint8_t){bits >> shift}, 1);
    }
    for (unsigned i = 0; i < SHA1_SIZE; ++i) {
        digest[i] = context->state[i / 4] >> (24 - i % 4 * 8);
    }
}
