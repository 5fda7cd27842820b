"""TMP36 thermometer at the analogue input.

Source: datasheet TMP35/TMP36/TMP37 (Analog Devices): 0.5 V at 0 degrees Celsius, 10 mV a degree. The input ends at
1.0 V, which is 50 degrees.
"""

from node.sensors import Unmeasurable, adc


class Sensor(adc.Sensor):
    """One TMP36, its output at the ADC pin."""

    quantities = (("temperature", 1),)

    async def read(self):
        """Return (degrees Celsius,). Raises Unmeasurable above 49.8 and below -40, where a loose wire would be."""
        (volts,) = await super().read()
        t = (volts - 0.5) * 100
        if t < -40:
            raise Unmeasurable("less than -40 degrees")
        return (t,)
