"""Digits of pi by the series that shaoziyang/micropython_benchmarks uses: integers of thousands of bits."""

import gc
import time

DIGITS = 1000


def work(digits):
    guard = 8
    one = 10 ** (digits + guard)
    term, total, n, n_more, d, d_more = 3 * one, 3 * one, 1, 0, 0, 24
    while term > 1:
        n, n_more, d, d_more = n + n_more, n_more + 8, d + d_more, d_more + 32
        term = term * n // d
        total += term
    return total // (10**guard)


gc.collect()
start = time.ticks_us()
work(DIGITS)
print(time.ticks_diff(time.ticks_us(), start))
