"""Draw the readings of the demo's day, in which two minutes are 24 hours.

    ./demo.sh --seconds 125 | python docs/pictures/draw_day.py > docs/pictures/day.svg

Standard input: what mosquitto_sub prints. Standard output: the picture, as SVG. Exit status: 0, 1 no reading.
"""

from __future__ import annotations

import re
import sys

_READING = re.compile(r"^sensors/[^/]+/lux (\S+)$", re.MULTILINE)
_EVERY_H = 24 * 2 / 120  # demo.sh's sensor is read every 2 s of a day of 120 s
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 780, 40, 270


def picture(values: list[float]) -> str:
    """values: lx, one for each reading, in order. Not more than one day of them is drawn."""
    values = values[: int(24 / _EVERY_H) + 1]
    top = _round_up(max(values))
    body = []
    for part in range(5):
        y = _BOTTOM - (_BOTTOM - _TOP) * part / 4
        body.append(f'<line x1="{_LEFT}" y1="{y:g}" x2="{_RIGHT}" y2="{y:g}" stroke="#ddd"/>')
        body.append(f'<text x="{_LEFT - 10}" y="{y + 5:g}" text-anchor="end">{top * part / 4:,.0f}</text>')
    for hour in range(0, 25, 6):
        x = _LEFT + (_RIGHT - _LEFT) * hour / 24
        body.append(f'<text x="{x:g}" y="{_BOTTOM + 24}" text-anchor="middle">{hour} h</text>')
    for index, value in enumerate(values):
        x = _LEFT + (_RIGHT - _LEFT) * index * _EVERY_H / 24
        y = _BOTTOM - (_BOTTOM - _TOP) * value / top
        body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#d98200"/>')
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 310" font-family="sans-serif" font-size="14">',
            "<title>A day of readings: each dot is one message on sensors/&lt;id&gt;/lux</title>",
            '<rect width="800" height="310" fill="#fff"/>',
            f'<text x="{_LEFT}" y="24">lux: each dot is one message; a day from the first on</text>',
            *body,
            "</svg>",
        ]
    )


def _round_up(value: float) -> float:
    """The next number of the row 1, 2, 4, 8, 10, 20, 40 ..."""
    power = 10.0 ** (len(f"{value:.0f}") - 1)
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value)


def main() -> int:
    values = [float(value) for value in _READING.findall(sys.stdin.read())]
    if not values:
        print("no reading of lux on standard input: pipe ./demo.sh into this", file=sys.stderr)
        return 1
    print(picture(values))
    return 0


if __name__ == "__main__":
    sys.exit(main())
