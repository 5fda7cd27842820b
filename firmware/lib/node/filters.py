"""What may lie between a sensor and its topic: a median, a calibration, and silence while nothing changes.

Loaded only when a sensor's settings ask for it.
"""

import time


class Filtered:
    """A sensor with filters: read() is the sensor's, with None in place of a value that need not be published.

    `entry` is its part of the settings: `median` a number of readings, `heartbeat_s` seconds, the others numbers
    in the unit of the quantity or dicts of them by quantity. What is absent is off. `keys` is start.FILTERS.
    """

    def __init__(self, sensor, entry, keys):
        self._sensor = sensor
        self._filters = [Filter(entry, quantity, keys) for quantity, _ in sensor.quantities]

    async def read(self):
        """Return the values as a list. Raises what the sensor raises: a reading that failed leaves no trace."""
        values = await self._sensor.read()
        return [self._filters[i].apply(values[i]) for i in range(len(values))]


class Filter:
    """The filters of one quantity: median first, then value * scale + offset, then delta."""

    def __init__(self, entry, quantity, keys):
        self._size, self._scale, self._offset, self._delta = (_of(entry.get(key), quantity) for key in keys)
        self._heartbeat_ms = 1000 * entry.get("heartbeat_s", 0)
        self._window = []
        self._sent = self._sent_at = None

    def apply(self, value):
        """Return the value to publish; None: it differs by less than delta from the last one, not heartbeat_s ago."""
        if self._size:
            self._window.append(value)
            if len(self._window) > self._size:
                self._window.pop(0)
            value = sorted(self._window)[len(self._window) // 2]
        if self._scale is not None:
            value *= self._scale
        if self._offset is not None:
            value += self._offset
        if self._delta is not None:
            if self._sent is not None and abs(value - self._sent) < self._delta and not self._is_due():
                return None
            self._sent, self._sent_at = value, time.ticks_ms()
        return value

    def _is_due(self):
        return self._heartbeat_ms and time.ticks_diff(time.ticks_ms(), self._sent_at) >= self._heartbeat_ms


def _of(setting, quantity):
    return setting.get(quantity) if isinstance(setting, dict) else setting
