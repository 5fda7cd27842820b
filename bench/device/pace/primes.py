"""Primes by trial division, as in kreier/prime: all names are global."""

import math
import time

LAST = 1000
found = 4
start = time.ticks_us()
for number in range(11, LAST, 2):
    prime = True
    for divider in range(3, int(math.sqrt(number)) + 1, 2):
        if number % divider == 0:
            prime = False
            break
    if prime:
        found += 1
print(time.ticks_diff(time.ticks_us(), start))
