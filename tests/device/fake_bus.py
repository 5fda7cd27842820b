"""A machine.I2C with one chip, whose time passes only in sleeps, and helpers for tests of drivers."""

import asyncio

from node.sensors import Unmeasurable

_ENODEV = 19


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


class Chip:
    """What a test's chip offers: `address`, write(data) and read(count) -> bytes; `clock` is set by the bus."""

    clock = None


class Registers(Chip):
    """A chip of 256 registers: the first byte of a write selects one; further bytes, written or read, count up."""

    def __init__(self, address):
        self.address = address
        self.registers = bytearray(256)
        self._pointer = 0

    def write(self, data):
        self._pointer = data[0]
        for byte in data[1:]:
            self.put(self._pointer, byte)
            self._pointer += 1

    def put(self, register, byte):
        self.registers[register] = byte

    def read(self, count):
        return self.registers[self._pointer : self._pointer + count]


class Bus:
    """answers: False: no chip answers. fail_at: the n-th transfer from now fails. held_low: SDA is held low.

    corrupt(bytearray): changes the bytes read.
    """

    def __init__(self, chip, clock):
        self.chip = chip
        self.clock = chip.clock = clock
        self.answers = True
        self.held_low = False
        self.fail_at = 0
        self.corrupt = None
        self.longest = 0  # bytes of one transfer, addresses included

    def writeto(self, address, data):
        self._transfer(address, 1 + len(data))
        if not self.held_low and len(data):
            self.chip.write(bytes(data))
        return len(data)

    def readfrom_into(self, address, buffer):
        self._transfer(address, 1 + len(buffer))
        data = bytearray(len(buffer)) if self.held_low else bytearray(self.chip.read(len(buffer)))
        if self.corrupt:
            self.corrupt(data)
        buffer[:] = data

    def writeto_mem(self, address, register, data):
        self.writeto(address, bytes((register,)) + bytes(data))

    def readfrom_mem_into(self, address, register, buffer):
        self.writeto(address, bytes((register,)))
        self.clock.transfers -= 1  # both count as one
        self.readfrom_into(address, buffer)

    def _transfer(self, address, length):
        self.clock.transfer()
        self.longest = max(length, self.longest)
        self.fail_at -= 1
        if self.fail_at == 0 or not self.held_low and (address != self.chip.address or not self.answers):
            raise OSError(_ENODEV)


class Bench:
    """A sensor on a bus of its own: read() takes no time, but its sleeps are counted.

    module: the driver's, with read() in it. Sensor: the class, if it is not the module's.
    """

    def __init__(self, module, chip, Sensor=None, **options):
        self.clock = Clock()
        self.bus = Bus(chip, self.clock)
        self._module = module
        self._make = lambda: (Sensor or module.Sensor)(self.bus, options)
        self.renew()

    def renew(self):
        """Make the driver's sensor anew."""
        self.sensor = self._make()

    def read(self):
        """Take one reading."""
        real, self._module.asyncio = self._module.asyncio, self.clock
        try:
            return asyncio.run(self.sensor.read())
        finally:
            self._module.asyncio = real


def raises(kind, function, *args):
    """Return the exception that a call raises; its class must be `kind`, not a subclass."""
    try:
        function(*args)
    except kind as e:
        assert type(e) is kind, repr(e)
        return e
    raise AssertionError("nothing raised")


def noise():
    """Return a `corrupt` that makes all bytes read random, the same in every run."""
    state = 1

    def corrupt(data):
        nonlocal state
        for i in range(len(data)):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            data[i] = state >> 16 & 0xFF

    return corrupt


def refuses(bench, readings):
    """Check that none of `readings` readings gives a number."""
    for _ in range(readings):
        try:
            value = bench.read()
        except (Unmeasurable, OSError):
            continue
        raise AssertionError(value)


def fails_at_any_transfer(bench):
    """Check that a failed transfer, at any place, gives no number, and that the next reading is right again.

    Returns the number of transfers in a reading.
    """
    expected = bench.read()
    for n in range(1, 200):
        bench.renew()
        bench.bus.fail_at = n
        try:
            value = bench.read()
        except OSError:
            value = bench.read()
        assert value == expected, (n, value, expected)
        if bench.bus.fail_at > 0:
            return n - 1
    raise AssertionError("endless")
