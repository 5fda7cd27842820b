"""An operation on numbers in a list, as in shaoziyang/micropython_benchmarks."""

import gc
import time

A = 12345678
B = 56781234
TURNS = 10000


def work(operands):
    for _turn in range(operands[0]):
        _result = operands[1] + operands[2]


operands = [TURNS, A, B]
gc.collect()
start = time.ticks_us()
work(operands)
print(time.ticks_diff(time.ticks_us(), start))
