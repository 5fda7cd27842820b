"""The analogue input: voltages, and a TMP36 connected to it."""

import asyncio

import machine
from fake_bus import Clock, raises
from node.sensors import Saturated, Unmeasurable, adc, tmp36


class ADC:
    """Returns the samples of `plan` in turn, and begins again after the last."""

    plan = (0,)

    def __init__(self, channel):
        assert channel == 0
        self._taken = 0

    def read(self):
        sample = self.plan[self._taken % len(self.plan)]
        self._taken += 1
        return sample


machine.ADC = ADC


def read(module, *samples, **options):
    """Return a sensor's reading from these samples."""
    ADC.plan = samples
    clock = adc.asyncio = Clock()
    value = asyncio.run(module.Sensor(None, options).read())
    assert clock.now <= 50
    return value[0]


def test_voltage():
    for samples, volts in (((0,), 0.0), ((512,), 0.5), ((1022,), 0.998047), ((1, 0), 0.000488), ((100, 104), 0.099609)):
        assert abs(read(adc, *samples) - volts) < 0.000001, samples


def test_battery_behind_a_divider():
    # 4.2 V over 470 and 100 kOhm: 0.7368 V at the pin, 754.5 of 1024.
    assert abs(read(adc, 754, 755, full_scale=5.7) - 4.2) < 0.001


def test_full_scale_is_no_number():
    for full in (1023, 1024):
        assert str(raises(Saturated, read, adc, 700, full)) == "more than 1.0 V"


def test_tmp36():
    # Output by the datasheet: 0.75 V at 25 degrees, 10 mV a degree.
    for samples, celsius in (((768,), 25.0), ((512,), 0.0), ((563, 564), 5.029), ((256,), -25.0), ((1022,), 49.80)):
        assert abs(read(tmp36, *samples) - celsius) < 0.01, (samples, read(tmp36, *samples))


def test_tmp36_with_a_loose_wire_is_no_number():
    for sample in (0, 50, 102):
        assert str(raises(Unmeasurable, read, tmp36, sample)) == "less than -40 degrees"
    raises(Saturated, read, tmp36, 1023)
