"""Switches between coroutines that only count, as in rate.py of peterhinch/micropython-async."""

import asyncio
import time

TASKS = 100
SWITCHES = 2000
count = 0


async def work():
    global count
    while True:
        await asyncio.sleep_ms(0)
        count += 1


async def main():
    for _ in range(TASKS):
        asyncio.create_task(work())
    await asyncio.sleep_ms(0)
    begun = count
    start = time.ticks_us()
    while count < begun + SWITCHES:
        await asyncio.sleep_ms(0)
    print(time.ticks_diff(time.ticks_us(), start))


asyncio.run(main())
