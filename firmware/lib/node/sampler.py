"""Takes a sensor's readings in time, and tells when it cannot."""

import time

from node.faults import SENSOR
from node.sensors import Unmeasurable


async def run(read, wait_ms, every_ms, name, channel, bus, outbox, faults):
    """Read now and then every `every_ms`, for ever; neither long readings nor news in between shift the next one.

    The values go to `channel` of the outbox and those after it. `read` and `wait_ms` are coroutine functions; a sensor
    whose wait_ms() returns before its time has news. `name` is for the sentence of fault 4.
    """
    due = time.ticks_ms()
    while True:
        why = None
        try:
            values = await read()
            faults.clear(SENSOR, channel)
            for i in range(len(values)):
                if values[i] is not None:  # a filter may hold one back
                    outbox.put(channel + i, values[i])
        except Unmeasurable as e:
            why = str(e)
        except OSError:
            bus.recover()  # a chip interrupted in the middle may be holding it
            why = "no answer"
        if why:  # a reading that failed is no number
            faults.begin(SENSOR, "%s: %s" % (name, why), channel)
        late = time.ticks_diff(time.ticks_ms(), due)
        # To the next point of the grid: those that a long reading has run over are left out.
        due = time.ticks_add(due, (late // every_ms + 1) * every_ms)
        await wait_ms(time.ticks_diff(due, time.ticks_ms()))
