"""machine.ADC and machine.PWM."""

from _board import call
from _pin import number_of

_DEPTH = const(1023)


class ADC:
    """The analogue input (0) or the supply (1), which the port cannot measure while the input is in use."""

    def __init__(self, id):
        if id not in (0, 1):
            raise ValueError("ADC(%d) doesn't exist" % id)
        self._id = id

    def read(self):
        """0 to 1024 for 0 to 1.0 V on the input; 65535 for the supply."""
        return 65535 if self._id else call("adc_read")

    def read_u16(self):
        """As read(), of 65535."""
        return self.read() * 65535 // 1024

    def __repr__(self):
        return "ADC(%d)" % self._id


class PWM:
    """Pulses on a pin, in software: 1 to 1000 Hz, the same for all pins. Raises ValueError for pins that cannot."""

    def __init__(self, pin, *args, **kwargs):
        self._pin = number_of(pin)
        self.init(*args, **kwargs)

    def init(self, freq=-1, duty=-1, duty_u16=-1, duty_ns=-1):
        """Start pulsing. freq: Hz. duty: high time of 1023, duty_u16: of 65535, duty_ns: in nanoseconds."""
        if not call("pwm_add", self._pin):
            raise ValueError("PWM not supported on pin %d" % self._pin)
        self._active = True
        if freq != -1:
            self.freq(freq)
        if duty != -1:
            self.duty(duty)
        if duty_u16 != -1:
            self.duty_u16(duty_u16)
        if duty_ns != -1:
            self.duty_ns(duty_ns)

    def deinit(self):
        """Stop pulsing."""
        call("pwm_remove", self._pin)
        self._active = False

    def freq(self, value=None):
        """The frequency of all pins (Hz), or change it."""
        return call("pwm_freq", value)

    def duty(self, value=None):
        """High time of 1023, or change it."""
        if not self._active:
            self.init()
        return call("pwm_duty", self._pin, value)

    def duty_u16(self, value=None):
        """High time of 65535, or change it."""
        if value is None:
            return self.duty() * 65535 // _DEPTH
        self.duty(value * _DEPTH // 65535)

    def duty_ns(self, value=None):
        """High time in nanoseconds, or change it."""
        period = 1000000000 // self.freq()
        if value is None:
            return self.duty() * period // _DEPTH
        self.duty(value * _DEPTH // period)

    def __repr__(self):
        if not self._active:
            return "PWM(%d)" % self._pin
        return "PWM(%d, freq=%d, duty=%d)" % (self._pin, self.freq(), self.duty())
