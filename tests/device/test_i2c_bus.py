"""The recovery of the I2C bus, on two wires with a chip that hangs."""

import sys

import node

SCL, SDA = 5, 4


class Wires:
    """Open-drain wires with pull-ups, and one chip that pulls SDA low until it has had its clocks."""

    def __init__(self, clocks_to_free=0):
        self.level = {SCL: 1, SDA: 1}
        self.clocks_to_free = clocks_to_free
        self.clocks = 0
        self.starts = 0
        self.stops = 0

    def read(self, pin):
        if pin == SDA and self.clocks < self.clocks_to_free:
            return 0
        return self.level[pin]

    def write(self, pin, level):
        before = self.read(SDA)
        if pin == SCL and level and not self.level[SCL]:
            self.clocks += 1
        self.level[pin] = level
        if pin == SDA and self.level[SCL]:
            after = self.read(SDA)
            self.stops += after > before
            self.starts += after < before


class Machine:
    """Replaces the module `machine`."""

    def __init__(self, wires):
        test = self
        self.wires = wires
        self.i2c = None

        class Pin:
            OPEN_DRAIN = 2
            PULL_UP = 1

            def __init__(self, number, mode, pull, value):
                assert mode == Pin.OPEN_DRAIN and pull == Pin.PULL_UP
                self.number = number
                wires.write(number, value)

            def __call__(self, level):
                wires.write(self.number, level)

        class SoftI2C:
            def __init__(self, scl, sda, freq, timeout):
                assert (scl.number, sda.number) == (SCL, SDA)
                assert freq <= 400000
                assert timeout <= 2000, "a chip that holds SCL would hold the event loop"
                self.clocks_before = wires.clocks
                self.sda_before = wires.read(SDA)
                test.i2c = self

        self.Pin = Pin
        self.SoftI2C = SoftI2C


def make(wires):
    real = sys.modules.get("machine")
    node.drop()  # load it again, with this machine, here and below
    sys.modules["machine"] = fake = Machine(wires)
    try:
        from node import i2c_bus

        i2c, scl, sda = i2c_bus.make(SCL, SDA)
    finally:
        node.drop()
        del sys.modules["machine"]
        if real:
            sys.modules["machine"] = real
    assert i2c is fake.i2c
    return i2c, scl, sda


def recover(bus):
    from node import i2c_bus

    i2c_bus.recover(bus[1], bus[2])


def test_nine_clocks_and_a_stop_before_the_first_transfer():
    wires = Wires()
    bus = make(wires)
    assert bus[0].clocks_before >= 9
    assert wires.stops == 1


def test_a_chip_that_hangs_at_the_start_is_freed():
    for bits in range(1, 10):
        assert make(Wires(bits))[0].sda_before == 1


def test_a_chip_that_hangs_later_is_freed():
    wires = Wires()
    bus = make(wires)
    wires.clocks, wires.clocks_to_free = 0, 9
    assert wires.read(SDA) == 0
    recover(bus)
    assert wires.read(SDA) == 1 and wires.level == {SCL: 1, SDA: 1}


def test_no_start_is_seen_on_an_idle_bus():
    wires = Wires()
    recover(make(wires))
    assert wires.starts == 0


def test_a_short_to_ground_does_not_raise():
    wires = Wires(1000)
    recover(make(wires))
    assert wires.read(SDA) == 0
