"""A TSL2561 and its I2C bus as a small state machine, whose time passes only in sleeps."""

_ENODEV = 19
_COUNTS = {0: (11, 5047, 13.7), 1: (81, 37177, 101), 2: (322, 65535, 402)}  # weight, full scale, ms


class Clock:
    """Replaces asyncio in a driver: sleeps take no time, and are counted."""

    def __init__(self):
        self.now = 0  # ms
        self.transfers = 0  # since the last sleep
        self.most_transfers = 0

    async def sleep_ms(self, ms):
        self.now += ms
        self.transfers = 0

    def transfer(self):
        self.transfers += 1
        self.most_transfers = max(self.transfers, self.most_transfers)


class Bus:
    """machine.I2C with one TSL2561, package T, at `address`.

    light: counts of both channels at 402 ms and 16x. period: length of the chip's clock period, 1 nominal.
    answers: False: no chip answers; fail_at: the n-th transfer from now fails; corrupt(register, byte) -> byte: noise.
    """

    def __init__(self, clock, light=(0, 0), ident=0x50, address=0x39, period=1):
        self.clock = clock
        self.light = light
        self.address = address
        self.period = period
        self.answers = True
        self.fail_at = 0
        self.corrupt = None
        self.timings = []  # TIMING of each integration begun
        self.longest = 0  # bytes of one transfer, addresses and commands included
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

    def writeto_mem(self, address, command, data):
        self._transfer(address, command, 2 + len(data))
        assert len(data) == 1
        register = command & 0x0F
        if register == 0:
            if data[0] == 3 and not self.on:
                self._since = self.clock.now
                self.timings.append(self._registers[1])
            elif data[0] != 3:
                self._since = None
        elif self.on:
            raise AssertionError("TIMING changed in mid-integration")
        self._registers[register] = data[0]

    def readfrom_mem_into(self, address, command, buffer):
        self._transfer(address, command, 3 + len(buffer))
        assert len(buffer) == (2 if command & 0x20 else 1)
        self._integrate()
        for i in range(len(buffer)):
            register = (command & 0x0F) + i
            buffer[i] = self._registers[register]
            if self.corrupt:
                buffer[i] = self.corrupt(register, buffer[i])

    def _transfer(self, address, command, length):
        assert command & 0x80
        self.clock.transfer()
        self.longest = max(length, self.longest)
        self.fail_at -= 1
        if address != self.address or not self.answers or self.fail_at == 0:
            raise OSError(_ENODEV)

    def _integrate(self):
        weight, full, ms = _COUNTS[self._registers[1] & 3]
        if not self.on or self.clock.now - self._since < ms * self.period:
            return
        gain = 1 if self._registers[1] & 0x10 else 16
        for register, counts in zip((12, 14), self.light):
            counts = min(round(counts * weight / 322 / gain), full)
            self._registers[register], self._registers[register + 1] = counts & 0xFF, counts >> 8
