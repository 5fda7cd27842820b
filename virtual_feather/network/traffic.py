"""Whether the network is quiet: nothing of the board's on its way to somebody who may answer."""

from __future__ import annotations

import time

# Real seconds: behind what the board has sent, until the answer of a program on this computer is here; behind an
# answer, until those that follow on its heels are.
_ANSWER_S, _HEELS_S = 0.05, 0.001


class Traffic:
    """Is told what passes."""

    def __init__(self) -> None:
        self.quiet_from = 0.0  # time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether something may be under way."""
        return time.monotonic() < self.quiet_from

    def sent(self) -> None:
        """A socket of this computer has taken something from the board."""
        self.quiet_from = time.monotonic() + _ANSWER_S

    def heard(self) -> None:
        """Something has come for the board."""
        self.quiet_from = time.monotonic() + _HEELS_S
