"""The part of the ESP8266's `machine` that the node uses and the Unix port lacks."""

PWRON_RESET = 0
WDT_RESET = 1
SOFT_RESET = 4
DEEPSLEEP_RESET = 5
HARD_RESET = 6


class Reset(BaseException):
    """machine.reset() was called: the program ends here, and no guard in the program catches this."""


def reset():
    raise Reset


cause = PWRON_RESET


def reset_cause():
    return cause


class RTC:
    """The memory outlives a reset, as it belongs to the class."""

    contents = b""

    def memory(self, data=None):
        if data is None:
            return RTC.contents
        if len(data) > 492:
            raise ValueError("buffer too long")
        RTC.contents = bytes(data)


class Timer:
    """Never fires by itself: a test calls `callback`."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, _):
        self.callback = None
        self.period = None
        self.inits = 0

    def init(self, mode, period, callback):
        self.period, self.callback = period, callback
        self.inits += 1

    def deinit(self):
        self.callback = None


class Pin:
    """An input reads 1 (the pull-up) until something drives it: pin(0)."""

    IN = 0
    OUT = 1
    PULL_UP = 1
    OPEN_DRAIN = 2

    def __init__(self, gpio, mode=IN, pull=None, value=None):
        self.gpio = gpio
        self.level = 1 if value is None else value

    def __call__(self, level=None):
        if level is None:
            return self.level
        self.level = level


class SoftI2C:
    """A bus without chips."""

    def __init__(self, scl, sda, freq, timeout):
        pass
