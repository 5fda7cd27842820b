"""RunApp: the switch that holds the node stopped, for whoever wants the board's prompt."""

import asyncio

from micropython import const

from node.tasks import Stop

_POLL_MS = const(200)


class RunApp:
    """A switch between `pin` (an input with its pull-up) and GND: closed, and so low, is hold."""

    def __init__(self, pin):
        self._pin = pin

    def held(self):
        return not self._pin()

    async def watch(self):
        """Wait for the switch, for ever; raises Stop, which ends the node cleanly, when it is closed for two looks."""
        looks = 0
        while looks < 2:  # one alone may be a spike on a long wire
            await asyncio.sleep_ms(_POLL_MS)
            looks = looks + 1 if self.held() else 0
        raise Stop("RunApp is held")
