"""BMP280 barometer: temperature and air pressure over I2C. A BME280 without humidity.

Source: datasheet BST-BMP280-DS001 (2018): 3.11 "Output compensation", 4.2 "Memory map".
"""

from node.sensors import bme280

OPTIONS = bme280.OPTIONS


class Sensor(bme280.Sensor):
    """One BMP280. `bus` is a machine.I2C; option: address (0x76)."""

    quantities = bme280.Sensor.quantities[:2]
    _name, kind, _size = "BMP280", 0x58, 6

    async def read(self):
        """Return (degrees Celsius, hPa). Raises what the BME280's read() raises."""
        return (await super().read())[:2]
