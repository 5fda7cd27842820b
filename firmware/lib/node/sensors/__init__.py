"""The sensors: one chip, one file, each with a class `Sensor` (docs/adding-a-sensor.md).

A new one takes a file here and an entry in config.json: drivers are found by the name of their file.
"""


class Unmeasurable(Exception):
    """The chip answers but cannot measure (saturated, impossible registers): str() says why, and there is no number."""


def names():
    """Return the names of the drivers on this board, sorted."""
    import os

    return sorted({name.split(".")[0] for name in os.listdir(__path__) if not name.startswith("_")})


def options(driver):
    """Return the rows (as in node/schema.py) of the options that the driver takes beside the common ones."""
    return getattr(_module(driver), "OPTIONS", "")


def quantities(driver):
    """Return the names of what the driver measures."""
    return [quantity[0] for quantity in _module(driver).Sensor.quantities]


def load(entry, bus):
    """Return the sensor that an entry of `sensors` in the settings describes."""
    return _module(entry["driver"]).Sensor(bus, entry)


def _module(driver):
    return __import__("node.sensors." + driver, None, None, ("Sensor",))
