"""A contact between a GPIO and GND: of a door, a window, a float. 1 is closed, 0 is open.

It is published when it changes, not only every `every_s`, as a retained message.
"""

OPTIONS = """\
pin|one||4,5,12,13,14|GPIO|The contact's wire; the other one goes to GND.
"""


class Sensor:
    """One contact; option: pin. It cannot fail: a wire that is broken is an open contact."""

    quantities = (("contact", 0),)
    retain = True

    def __init__(self, bus, options):
        from machine import Pin

        self._in = Pin(options["pin"], Pin.IN, Pin.PULL_UP)
        self._last = self._before = self._in()  # the level published last; the level at the latest look

    async def read(self):
        """Return (1,) for closed, (0,) for open."""
        return (1 - self._last,)

    def watch(self, outbox, channel):
        """Publish a change. Called every 50 ms; a contact bounces, so two looks in a row must see the same level."""
        level = self._in()
        if level == self._before != self._last:
            self._last = level
            outbox.put(channel, 1 - level)
        self._before = level
