"""The verbs of `ctl`: what they take, and what they do."""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """One command."""

    takes: str
    does: str


# World has a method for each.
VERBS = {
    "light": Verb(
        "LUX|day [--ratio R] [--lasts S]",
        "the light on the sensor, and the infrared in it; `day`: in two minutes, or S s",
    ),
    "chip": Verb("T|CS [ADDRESS]", "another TSL2561: its package, its address (0x29, 0x39, 0x49)"),
    "plug": Verb("CHIP", "hang a new chip on the board: bme280, bme280@0x77, dht22@14 (GPIO), ds18b20@14@2"),
    "unplug": Verb("CHIP", "pull it out, called as it was plugged in"),
    "set": Verb("temperature|humidity|pressure VALUE", "the air around the board, in degrees Celsius, %, hPa"),
    "i2c": Verb("ok|nack|stuck|hang|garbage", "its wires: nobody answers, SDA to ground, SDA until clocked, noise"),
    "wifi": Verb("on|off [--ssid NAME] [--key KEY]", "the access point; it takes any name and key until given its own"),
    "adc": Verb("VOLTS", "the voltage on the analogue input, which measures up to 1"),
    "pin": Verb("GPIO low|high|open", "a wire from ground or 3.3 V to a GPIO: a contact, a short circuit"),
    "runapp": Verb("hold|release", "the RunApp wire to ground"),
    "wire": Verb(
        "gpio16 on|off, i2c SCL SDA",
        "the wire from GPIO16 to RST that ends a deep sleep, of which a new board has none; the GPIOs of the I2C bus",
    ),
    "led": Verb("", "the last minute of the red LED, then what it spells: running, fault N, off, unclear"),
    "heap": Verb("", "bytes of the heap: free at the last wait, and at least since the last `heap`, which begins it"),
    "reset": Verb("", "press the button"),
    "power": Verb("on|off|cut BYTES", "the supply; `cut`: off after so many more bytes of flash are written or erased"),
    "clock": Verb("fast|real|SECONDS", "of a board run with --fast: skip idle time, or do not, or for so long"),
    "put": Verb("FILE PATH", "write a file to the board's file system; a board that runs starts again"),
    "get": Verb("PATH", "a file of it, to standard output"),
    "status": Verb("", "all of this, as JSON"),
}


def table() -> str:
    """The verbs as text, for --help."""
    rows = [(f"  {name} {verb.takes}".rstrip(), verb.does) for name, verb in VERBS.items()]
    return "\n".join(f"{words}\n      {does}" for words, does in rows)
