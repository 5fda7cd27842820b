"""dht: the DHT11 and DHT22 sensors of temperature and humidity."""

try:
    from machine import dht_readinto
except ImportError:  # up to MicroPython 1.19
    from esp import dht_readinto


class DHTBase:
    """A sensor on a pin."""

    def __init__(self, pin):
        self.pin = pin
        self.buf = bytearray(5)

    def measure(self):
        """Read the sensor, 0.3 s. Raises OSError(ETIMEDOUT) when it does not answer, Exception for a wrong checksum."""
        buf = self.buf
        dht_readinto(self.pin, buf)
        if sum(buf[:4]) & 0xFF != buf[4]:
            raise Exception("checksum error")


class DHT11(DHTBase):
    """Whole degrees and per cent."""

    def humidity(self):
        """Relative humidity (%)."""
        return self.buf[0]

    def temperature(self):
        """Degrees Celsius."""
        return self.buf[2]


class DHT22(DHTBase):
    """Tenths."""

    def humidity(self):
        """Relative humidity (%)."""
        return (self.buf[0] << 8 | self.buf[1]) * 0.1

    def temperature(self):
        """Degrees Celsius."""
        tenths = (self.buf[2] & 0x7F) << 8 | self.buf[3]
        return (-tenths if self.buf[2] & 0x80 else tenths) * 0.1
