"""A TSL2561 as a small state machine, whose time passes only in sleeps, and a bench for its driver."""

import fake_bus
from node.sensors import tsl2561

_COUNTS = {0: (11, 5047, 13.7), 1: (81, 37177, 101), 2: (322, 65535, 402)}  # weight, full scale, ms


class TSL2561(fake_bus.Chip):
    """Package T. light: counts of both channels at 402 ms and 16x. period: length of its clock's period, 1 nominal."""

    def __init__(self, light=(0, 0), ident=0x50, address=0x39, period=1):
        self.light = light
        self.address = address
        self.timings = []  # TIMING of each integration begun
        self.register = 0  # that is read next
        self._period = period
        self._registers = bytearray(16)
        self._registers[1] = 0x02
        self._registers[10] = ident
        self._since = None

    def lose_power(self):
        """A brown-out: the registers are as after power-on."""
        self._registers[0], self._registers[1], self._since = 0, 0x02, None

    @property
    def on(self):
        return self._since is not None

    def write(self, data):
        assert data[0] & 0x80
        self.register, self._length = data[0] & 0x0F, 2 if data[0] & 0x20 else 1
        if len(data) == 1:
            return
        assert len(data) == 2
        if self.register == 0:
            if data[1] == 3 and not self.on:
                self._since = self.clock.now
                self.timings.append(self._registers[1])
            elif data[1] != 3:
                self._since = None
        elif self.on:
            raise AssertionError("TIMING changed in mid-integration")
        self._registers[self.register] = data[1]

    def read(self, count):
        assert count == self._length
        self._integrate()
        return self._registers[self.register : self.register + count]

    def _integrate(self):
        weight, full, ms = _COUNTS[self._registers[1] & 3]
        if not self.on or self.clock.now - self._since < ms * self._period:
            return
        gain = 1 if self._registers[1] & 0x10 else 16
        for register, counts in zip((12, 14), self.light):
            counts = min(round(counts * weight / 322 / gain), full)
            self._registers[register], self._registers[register + 1] = counts & 0xFF, counts >> 8


class Bench(fake_bus.Bench):
    """A sensor on a chip of its own. chip: arguments of TSL2561."""

    def __init__(self, light=(0, 0), options=None, **chip):
        self.chip = TSL2561(light, **chip)
        super().__init__(tsl2561, self.chip, **(options or {}))

    def read(self, *light):
        """One reading in lux; with arguments, after the light has changed to these counts."""
        if light:
            self.chip.light = light
        self.chip.timings.clear()
        return super().read()[0]


def times(factor):
    """Return the counts of both channels in `factor` times 569.29 lx, at 402 ms and 16x."""
    return 33701 * factor, 11348 * factor
