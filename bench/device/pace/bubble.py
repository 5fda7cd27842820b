"""Bubble sort of random numbers of 10 bits, as in Miguel Grinberg's article."""

import random
import time

NUMBERS = 2000


def work(numbers):
    n = len(numbers)
    for i in range(n):
        for j in range(0, n - i - 1):
            if numbers[j] > numbers[j + 1]:
                numbers[j], numbers[j + 1] = numbers[j + 1], numbers[j]


random.seed(1)
numbers = [random.getrandbits(10) for _ in range(NUMBERS)]
start = time.ticks_us()
work(numbers)
print(time.ticks_diff(time.ticks_us(), start))
