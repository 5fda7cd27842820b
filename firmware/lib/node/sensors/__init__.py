"""The sensors: one chip, one file, each with a class `Sensor` (docs/adding-a-sensor.md).

A new one takes a file here and an entry in config.json: drivers are found by the name of their file.
"""


class Unmeasurable(Exception):
    """The chip answers but cannot measure (saturated, impossible registers): str() says why, and there is no number."""


def module(driver):
    """Return the module of a driver."""
    return __import__("node.sensors." + driver, None, None, ("Sensor",))
