"""Draw how each sensor is wired to the Feather, pin by pin as they lie on it: python docs/pictures/draw_wiring.py

Writes wiring-<chip>.svg beside this file. Standard output: the names of the files. Exit status: 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

FOLDER = Path(__file__).parent

# The Feather HUZZAH with its USB socket to the left, both rows from left to right; "" has no connection.
UPPER = ("BAT", "EN", "USB", "14", "12", "13", "15", "0", "16", "2", "SCL 5", "SDA 4")
LOWER = ("RST", "3V", "", "GND", "A", "", "", "", "", "", "SCK 14", "MO 13", "MI 12", "RX", "TX", "CHPD")
_PITCH = 28
_BOARD = (72, 132, 462, 148)  # x, y, width, height
_LAST_X = 512  # of the last pin of both rows
_SENSOR_X, _SENSOR_WIDTH, _SENSOR_ROW = 636, 150, 34
_COLOURS = {"3V": "#c8102e", "GND": "#222222", "SCL 5": "#b8860b", "SDA 4": "#1f5fbf"}
_SIGNAL = "#2e7d32"  # of every other wire
_RESISTOR = 'fill="#d9c9a3" stroke="#888"'


@dataclass(frozen=True)
class Part:
    """What is wired to the Feather."""

    name: str
    wires: tuple[tuple[str, str], ...]  # pin of the part and pin of the Feather; upper row first, then the lower one
    resistor: str = ""  # between the first and the last wire
    series: str = ""  # in the first wire, so that both resistors are a voltage divider
    note: str = ""


_I2C = (("SCL", "SCL 5"), ("SDA", "SDA 4"))
_SUPPLY = (("GND", "GND"), ("VIN", "3V"))
PARTS = {
    "tsl2561": Part("TSL2561", (*_I2C, *_SUPPLY), note="Adafruit 439. ADDR and INT stay open"),
    "bh1750": Part("BH1750", (*_I2C, *_SUPPLY), note="ADDR stays open"),
    "bme280": Part("BME280, BMP280", (*_I2C, *_SUPPLY), note="SDO to GND, CSB to 3V where they are led out"),
    "sht31": Part("SHT30, SHT31", (*_I2C, *_SUPPLY), note="ADDR stays open"),
    "ds18b20": Part("DS18B20", (("DATA", "14"), *_SUPPLY), "4.7 kΩ", note="several on the same three wires"),
    "dht22": Part("DHT22", (("DATA", "14"), *_SUPPLY), "10 kΩ", note="a module on a small board has the resistor"),
    "adc": Part(
        "voltage", (("+", "A"), ("-", "GND")), "100 kΩ", "470 kΩ", "up to 5.7 V; up to 1.0 V without resistors"
    ),
    "tmp36": Part("TMP36", (("VOUT", "A"), ("GND", "GND"), ("VS", "3V")), note="up to 50 °C, which gives 1.0 V at A"),
    "switch": Part("contact", (("1", "13"), ("2", "GND")), note="a door's, a window's; no resistor"),
}


def _line(points: list[tuple[float, float]], colour: str, width: float = 3) -> str:
    path = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linejoin="round"/>'


def _text(x: float, y: float, words: str, size: int = 14, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" {more}>{escape(words)}</text>'


def _place(row: tuple[str, ...], index: int) -> tuple[float, float]:
    """Of a pin: x, y."""
    _, y, _, height = _BOARD
    return _LAST_X - _PITCH * (len(row) - 1 - index), y + 8 if row is UPPER else y + height - 8


def _place_of(name: str) -> tuple[float, float]:
    row = UPPER if name in UPPER else LOWER
    return _place(row, row.index(name))


def _feather(used: set[str]) -> list[str]:
    x, y, width, height = _BOARD
    drawn = [
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="10" fill="#202a33"/>',
        f'<rect x="{x - 18}" y="{y + 50}" width="44" height="48" rx="4" fill="#b8bec4"/>',
        f'<rect x="0" y="{y + 62}" width="{x - 18}" height="24" rx="4" fill="#555"/>',
        _text(4, y + 52, "USB", 14),
        f'<rect x="{x + 268}" y="{y + 42}" width="112" height="36" rx="4" fill="#9aa5ad"/>',
        _text(x + 40, y + 79, "Feather HUZZAH ESP8266", 15, 'fill="#fff" font-weight="bold"'),
    ]
    for row in (UPPER, LOWER):
        for index, name in enumerate(row):
            pin, edge = _place(row, index)
            colour = "#ffd54a" if name in used else "#e8e8e8" if name else "#59636b"
            drawn.append(f'<circle cx="{pin}" cy="{edge}" r="5" fill="{colour}"/>')
            anchor, label = ("end", edge + 10) if row is UPPER else ("start", edge - 10)
            more = f'text-anchor="{anchor}" fill="{colour}" transform="rotate(-90 {pin + 4} {label})"'
            drawn.append(_text(pin + 4, label, name, 12, more))
    return drawn


def _wires(part: Part) -> list[str]:
    """From each pin of the Feather out of the board, along a lane of its own, to the part."""
    _, y, _, height = _BOARD
    drawn = []
    above, below = y - 8, y + height + 26
    above_x, below_x = 524, 560  # lanes down to the part
    for row, (_, pin) in enumerate(part.wires):
        x, start = _place_of(pin)
        end = _row_y(row)
        # The wire that goes out farthest comes in above its neighbours, so that none crosses another.
        inside = len(part.wires) - 1 - row
        if pin in UPPER:
            lane, lane_y = above_x + 18 * inside, above - 16 * inside
        else:
            lane, lane_y = below_x + 18 * row, below + 16 * inside
        colour = _COLOURS.get(pin, _SIGNAL)
        drawn.append(_line([(x, start), (x, lane_y), (lane, lane_y), (lane, end), (_SENSOR_X, end)], colour))
    if part.resistor:
        drawn += _resistors(part)
    return drawn


def _row_y(row: int) -> float:
    return _BOARD[1] + 30 + _SENSOR_ROW * row


def _resistors(part: Part) -> list[str]:
    """Between the first and the last wire, just before the part; the one in series comes after it."""
    x, top, bottom = _SENSOR_X - (46 if part.series else 16), _row_y(0), _row_y(len(part.wires) - 1)
    middle = (top + bottom) / 2
    drawn = [
        _line([(x, top), (x, bottom)], "#888", 2),
        f'<rect x="{x - 5}" y="{middle - 10}" width="10" height="20" {_RESISTOR}/>',
        _text(_SENSOR_X - 4, top - 10, part.series or part.resistor, 13, 'text-anchor="end"'),
        *(f'<circle cx="{x}" cy="{y}" r="4" fill="#888"/>' for y in (top, bottom)),
    ]
    if part.series:
        drawn.append(f'<rect x="{x + 13}" y="{top - 5}" width="20" height="10" {_RESISTOR}/>')
        drawn.append(_text(_SENSOR_X - 4, bottom + 20, part.resistor, 13, 'text-anchor="end"'))
    return drawn


def _run_app() -> list[str]:
    """The switch that holds the node, between GPIO12 and GND."""
    (left, start), (right, _) = _place_of("GND"), _place_of("MI 12")
    level = start + 112
    middle = (left + right) / 2
    return [
        _line([(left, start), (left, level), (middle - 24, level)], _COLOURS["GND"]),
        _line([(right, start), (right, level), (middle + 24, level)], _SIGNAL),
        _line([(middle - 24, level), (middle + 18, level - 16)], "#222"),
        *(f'<circle cx="{middle + d}" cy="{level}" r="4" fill="#222"/>' for d in (-24, 24)),
        _text(middle, level + 24, "RunApp, if you want it: closed, the node stops", 14, 'text-anchor="middle"'),
    ]


def _part(part: Part) -> list[str]:
    y = _BOARD[1]
    height = 26 + _SENSOR_ROW * len(part.wires)
    drawn = [
        f'<rect x="{_SENSOR_X}" y="{y}" width="{_SENSOR_WIDTH}" height="{height}" rx="8" fill="#20435c"/>',
        _text(_SENSOR_X + _SENSOR_WIDTH / 2, y - 12, part.name, 16, 'text-anchor="middle" font-weight="bold"'),
        _text(_SENSOR_X + _SENSOR_WIDTH, y + 226, part.note, 14, 'text-anchor="end"'),
    ]
    for row, (name, _) in enumerate(part.wires):
        drawn.append(f'<circle cx="{_SENSOR_X + 9}" cy="{_row_y(row)}" r="5" fill="#ffd54a"/>')
        drawn.append(_text(_SENSOR_X + 22, _row_y(row) + 5, name, 14, 'fill="#fff"'))
    return drawn


def picture(part: Part) -> str:
    """The whole drawing, as SVG."""
    used = {pin for _, pin in part.wires} | {"GND", "MI 12"}
    body = [*_wires(part), *_run_app(), *_feather(used), *_part(part)]
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 430" font-family="sans-serif">',
            f"<title>{escape(part.name)} on a Feather HUZZAH ESP8266</title>",
            '<rect width="800" height="430" fill="#fff"/>',
            *body,
            "</svg>\n",
        ]
    )


def main() -> None:
    for name, part in PARTS.items():
        file = FOLDER / f"wiring-{name}.svg"
        file.write_text(picture(part), encoding="utf-8")
        print(file.name)


if __name__ == "__main__":
    main()
