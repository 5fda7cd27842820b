"""The ESP8266's analogue input: a voltage, for instance of a battery.

Source: ESP8266EX datasheet (Espressif), 4.10 "ADC": 10 bits for 0 to 1.0 V at the pin, which must get no more.
"""

import asyncio

from micropython import const

from node.sensors import Saturated

OPTIONS = """\
full_scale|number|1.0|0.1..1000|V|Voltage that gives 1.0 V at the ADC pin: more than 1.0 with a divider before it.
"""

_SAMPLES = const(16)
_APART_MS = const(2)
_FULL = const(1023)  # some chips say 1024


class Sensor:
    """The ADC pin; option: full_scale."""

    quantities = (("voltage", 3),)

    def __init__(self, bus, options):
        from machine import ADC

        self._in = ADC(0)
        self.full_scale = options.get("full_scale") or 1.0

    async def read(self):
        """Return (V,), the mean of 32 ms: single samples are noisy. Raises Saturated at full scale and beyond."""
        total = 0
        for _ in range(_SAMPLES):
            sample = self._in.read()
            if sample >= _FULL:
                raise Saturated("more than %s V" % self.full_scale)
            total += sample
            await asyncio.sleep_ms(_APART_MS)
        return (total * self.full_scale / (_SAMPLES * 1024),)
