"""apa102: a chain of APA102 LEDs."""

from esp import apa102_write
from neopixel import NeoPixel


class APA102(NeoPixel):
    """`n` LEDs of red, green, blue and brightness (0 to 31)."""

    ORDER = (0, 1, 2, 3)

    def __init__(self, clock_pin, data_pin, n, bpp=4):
        super().__init__(data_pin, n, bpp)
        self.clock_pin = clock_pin
        clock_pin.init(clock_pin.OUT)

    def write(self):
        """Send the colours."""
        apa102_write(self.clock_pin, self.pin, self.buf)
