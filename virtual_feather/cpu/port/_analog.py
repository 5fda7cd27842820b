"""machine.ADC and machine.PWM."""

from _board import call
from _pin import number_of

_NS = const(976562)  # 1e9 / 1024


class ADC:
    """The analogue input (0) or the supply (1), which the port cannot measure while the input is in use."""

    def __init__(self, _id):
        if _id not in (0, 1):
            raise ValueError("ADC(%d) doesn't exist" % _id)
        self._id = _id

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

    def __init__(self, _pin, *args, **kwargs):
        self._pin = number_of(_pin)
        self.init(*args, **kwargs)

    def init(self, freq=-1, duty=-1, duty_u16=-1, duty_ns=-1):
        """Start pulsing. freq: Hz. duty: high time of 1023, duty_u16: of 65535, duty_ns: in nanoseconds."""
        if not call("pwm_add", self._pin):
            raise ValueError("PWM not supported on pin %d" % self._pin)
        self._active = True
        self._duty_ns = -1
        if freq != -1:
            call("pwm_freq", freq)
        # The port's own arithmetic, here and below: it is not the same everywhere.
        if duty != -1:
            self._put(duty)
        if duty_u16 != -1:
            self._put(duty_u16 * 1000 // 65535)
        if duty_ns != -1:
            self._put(duty_ns * self.freq() // 1000000)

    def deinit(self):
        """Stop pulsing."""
        call("pwm_remove", self._pin)
        self._active = False

    def _put(self, duty):
        call("pwm_duty", self._pin, duty)

    def _started(self):
        if not self._active:
            call("pwm_add", self._pin)
            self._active = True

    def freq(self, _value=None):
        """The frequency of all pins (Hz), or change it; a high time that was given in nanoseconds stays."""
        if _value is None:
            return call("pwm_freq", None)
        call("pwm_freq", _value)
        if self._duty_ns != -1:
            self.duty_ns(self._duty_ns)

    def duty(self, _value=None):
        """High time of 1023, or change it."""
        self._started()
        if _value is None:
            return call("pwm_duty", self._pin, None)
        self._duty_ns = -1
        self._put(_value)

    def duty_u16(self, _value=None):
        """High time of 65535, or change it."""
        if _value is None:
            return self.duty() * 65535 // 1024
        self.duty(_value * 1024 // 65535)

    def duty_ns(self, _value=None):
        """High time in nanoseconds, or change it."""
        if _value is None:
            return self.duty() * (_NS + 1) // self.freq()
        self.duty((_value * self.freq() & 0xFFFFFFFF) // _NS)
        self._duty_ns = _value

    def __repr__(self):
        if not self._active:
            return "PWM(%d)" % self._pin
        return "PWM(%d, freq=%d, duty=%d)" % (self._pin, self.freq(), self.duty())
