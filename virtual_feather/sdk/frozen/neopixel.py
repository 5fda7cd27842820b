"""neopixel: a chain of WS2812 LEDs."""

from machine import bitstream

_SLOW = (800, 1700, 1600, 900)
_FAST = (400, 850, 800, 450)


class NeoPixel:
    """`n` LEDs of `bpp` colours. timing: 1 for 800 kHz, 0 for 400 kHz, or four times in nanoseconds."""

    ORDER = (1, 0, 2, 3)  # green, red, blue, white

    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)
        pin.init(pin.OUT)
        self.timing = (_FAST if timing else _SLOW) if isinstance(timing, int) else timing

    def __len__(self):
        return self.n

    def __setitem__(self, i, v):
        for colour in range(self.bpp):
            self.buf[i * self.bpp + self.ORDER[colour]] = v[colour]

    def __getitem__(self, i):
        return tuple(self.buf[i * self.bpp + self.ORDER[colour]] for colour in range(self.bpp))

    def fill(self, v):
        """Give all LEDs a colour."""
        for i in range(self.n):
            self[i] = v

    def write(self):
        """Send the colours."""
        bitstream(self.pin, 0, self.timing, self.buf)
