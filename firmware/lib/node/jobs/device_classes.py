"""What Home Assistant has to know of a quantity, by its name: one row each, whichever sensor measures it.

Loaded only to announce the sensors. Source: Home Assistant's lists of device classes and their units.
"""

from micropython import const

# quantity | device class | unit
_ROWS = const("""\
lux|illuminance|lx
temperature|temperature|°C
humidity|humidity|%
pressure|atmospheric_pressure|hPa
voltage|voltage|V
contact|opening|
""")


def describe(quantity):
    """Return (device class, unit), each None where there is none. A quantity that is not in the table has neither."""
    for row in _ROWS.split("\n"):
        if row.startswith(quantity + "|"):
            _, device_class, unit = row.split("|")
            return device_class, unit or None
    return None, None
