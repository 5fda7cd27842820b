"""Pulse-width modulation, which the port does in software with one timer: one frequency for all pins."""

from __future__ import annotations

from collections.abc import Callable

from .gpio import Gpio
from .reactor import Alarm, Reactor

_PINS = (0, 2, 4, 5, 12, 13, 14, 15)
_DEPTH = 1023
_DEFAULT_HZ, _MAXIMUM_HZ = 500, 1000
# Up to here the edges are played; faster pulses are their mean, rounded to a level, to an eye and to a LED's recorder.
_VISIBLE_HZ = 50


class Pwm:
    """Channels by the number of their pin."""

    def __init__(self, reactor: Reactor, gpio: Gpio) -> None:
        self._reactor = reactor
        self._gpio = gpio
        self._alarms: dict[int, Alarm] = {}
        self.reset()

    @property
    def operations(self) -> dict[str, Callable]:
        """What the processor may ask for."""
        return {"pwm_add": self._add, "pwm_remove": self._remove, "pwm_freq": self._freq, "pwm_duty": self._duty}

    def reset(self) -> None:
        """Reset of the chip: no pulses."""
        for alarm in self._alarms.values():
            alarm.cancel()
        self._alarms.clear()
        self._hz = _DEFAULT_HZ
        self._duties: dict[int, int] = {}

    def _add(self, pin: int) -> bool:
        if pin not in _PINS:
            return False
        if pin not in self._duties:
            self._duties[pin] = 0
            self._play(pin)
        return True

    def _remove(self, pin: int) -> None:
        self._stop(pin)
        self._duties.pop(pin, None)

    def _freq(self, hz: int | None) -> int | None:
        if hz is None:
            return self._hz
        self._hz = min(max(hz, 1), _MAXIMUM_HZ)
        for pin in self._duties:
            self._play(pin)
        return None

    def _duty(self, pin: int, duty: int | None) -> int | None:
        if duty is None:
            return self._duties.get(pin, 0)
        if pin in self._duties:
            self._duties[pin] = min(max(duty, 0), _DEPTH)
            self._play(pin)
        return None

    def _stop(self, pin: int) -> None:
        if alarm := self._alarms.pop(pin, None):
            alarm.cancel()

    def _play(self, pin: int) -> None:
        self._stop(pin)
        duty = self._duties[pin]
        if self._hz > _VISIBLE_HZ or duty in (0, _DEPTH):
            self._gpio.drive(pin, 2 * duty > _DEPTH)
            return
        high_s = duty / _DEPTH / self._hz
        self._edge(pin, True, self._reactor.now(), high_s, 1 / self._hz - high_s)

    def _edge(self, pin: int, level: bool, at: float, this_s: float, other_s: float) -> None:
        """Take a level for this_s seconds from `at` on, then the other for other_s, and so on."""
        self._gpio.drive(pin, level)
        end = at + this_s
        self._alarms[pin] = self._reactor.call_at(end, lambda: self._edge(pin, not level, end, other_s, this_s))
