"""The filters between a sensor and its topic: a median, a calibration, and silence while nothing changes.

Loaded only for a reading of a sensor whose settings ask for a filter.
"""

import time


def apply(options, quantities, values):
    """Return the values as a list: the median first, then value * scale + offset, then delta.

    A value becomes None if it differs from the last published one by less than delta and heartbeat_s is not over.
    `options`: median is a number of readings, heartbeat_s seconds; scale, offset and delta are numbers in the unit of
    the quantity or dicts of them by quantity. An absent option is off. `history` has for each quantity a list of: the
    readings of the median, the value published last, ticks_ms() of that.
    """
    heartbeat_ms = 1000 * options.get("heartbeat_s", 0)
    values = list(values)
    for i in range(len(values)):
        size, scale, offset, delta = [
            _of(options.get(key), quantities[i][0]) for key in ("median", "scale", "offset", "delta")
        ]
        history = options["history"][i]
        value = values[i]
        if size:
            window = history[0]
            window.append(value)
            if len(window) > size:
                window.pop(0)
            value = sorted(window)[len(window) // 2]
        if scale is not None:
            value *= scale
        if offset is not None:
            value += offset
        if delta is not None:
            now = time.ticks_ms()
            _, sent, sent_at = history
            is_due = heartbeat_ms and time.ticks_diff(now, sent_at) >= heartbeat_ms
            if sent is not None and abs(value - sent) < delta and not is_due:
                value = None
            else:
                history[1:] = value, now
        values[i] = value
    return values


def _of(setting, quantity):
    return setting.get(quantity) if isinstance(setting, dict) else setting
