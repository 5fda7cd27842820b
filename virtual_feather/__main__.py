"""The virtual Feather: a whole Feather HUZZAH ESP8266 behind one serial path.

python -m virtual_feather run --state DIR [--link PATH] [--image romfs|plain|small] [--mac AABBCCDDEEFF]
        [--rfc2217 PORT] [--paced] [--chip-speed] [--fast [SECONDS]] [--network]
        [--chips CHIP,...]
    Start a board; prints `serial: PATH` when it is ready and runs until it is told to stop (Ctrl-C, SIGTERM).
python -m virtual_feather ctl --state DIR VERB [ARGUMENT ...]
    Change or show the world of a running board.
python -m virtual_feather image romfs|plain|small --out FILE
    Write a stand-in firmware image in the exact container format.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from .control import Command, control
from .errors import UserError
from .layouts import LAYOUTS
from .verbs import table

_IMAGES = [row.name for row in LAYOUTS]
_EPILOG = f"""verbs of ctl:
{table()}

exit status: 0 done, 1 it could not be done (one sentence says why), 2 wrong usage"""


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m virtual_feather", description=__doc__, epilog=_EPILOG, formatter_class=raw
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start a board")
    run.add_argument("--state", type=Path, required=True, help="folder of flash, RTC memory and control socket")
    run.add_argument("--link", type=Path, help="symbolic link to make to the serial path")
    run.add_argument("--image", choices=_IMAGES, default="romfs", help="firmware of a new board (default: romfs)")
    run.add_argument("--mac", type=_mac, help="six bytes in hexadecimal; a new board draws one")
    run.add_argument("--rfc2217", type=_port, metavar="PORT", help="also serve a path with reset lines; 0: any port")
    run.add_argument("--paced", action="store_true", help="the line and the flash take as long as real ones")
    run.add_argument("--chip-speed", action="store_true", help="programs take as long as on the chip, by a model")
    idle = "skip the time in which nothing happens; for so many seconds, then as ctl's `clock` says"
    run.add_argument("--fast", type=_seconds, nargs="?", const=math.inf, metavar="SECONDS", help=idle)
    run.add_argument("--network", action="store_true", help="reach this computer's network, not only this computer")
    run.add_argument("--chips", type=_chips, default=argparse.SUPPRESS, metavar="CHIP,...", help="see ctl's `plug`")
    ctl = commands.add_parser("ctl", help="change or show the world", epilog=_EPILOG, formatter_class=raw)
    ctl.add_argument("--state", type=Path, required=True, help="folder that `run` was given")
    ctl.add_argument("verb")
    ctl.add_argument("arguments", nargs="*", metavar="argument")
    for option in ("ratio", "lasts", "ssid", "key"):
        ctl.add_argument(f"--{option}", default=argparse.SUPPRESS)
    image = commands.add_parser("image", help="write a stand-in image")
    image.add_argument("name", choices=_IMAGES)
    image.add_argument("--out", type=Path, required=True)
    return parser


def _chips(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _mac(text: str) -> bytes:
    try:
        mac = bytes.fromhex(text.replace(":", ""))
    except ValueError:
        mac = b""
    if len(mac) != 6 or not any(mac[:3]):
        raise argparse.ArgumentTypeError(f"{text} is not a MAC: give six bytes, e.g. 5ccf7f0a1b2c")
    return mac


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise argparse.ArgumentTypeError(f"{text} is no time: give seconds, 0 or more")
    return seconds


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a TCP port: give 1 to 65535, or 0 for any free one")
    return int(text)


def _run(options: dict) -> int:
    try:
        from .runner import Options, run
    except ImportError as error:
        raise UserError(f"{error.name} is not installed: ./demo.sh and ./test.sh install what a board needs") from error
    return run(Options(**options))


def _ctl(options: dict) -> int:
    state, verb, arguments = (options.pop(name) for name in ("state", "verb", "arguments"))
    data = b""
    if verb == "put" and arguments:
        try:
            data = Path(arguments[0]).read_bytes()
        except OSError as error:
            raise UserError(f"{arguments[0]} cannot be read: {error.strerror}") from error
    output = control(state, Command(verb, arguments, options, data))
    sys.stdout.buffer.write(output if verb == "get" or not output else output + b"\n")
    return 0


def _image(options: dict) -> int:
    from .image import write_image

    try:
        write_image(options["name"], options["out"])
    except OSError as error:
        raise UserError(f"{options['out']} cannot be written: {error.strerror}") from error
    return 0


def main() -> int:
    """Run the command line; its exit status."""
    options = vars(_parser().parse_args())
    command = {"run": _run, "ctl": _ctl, "image": _image}[options.pop("command")]
    try:
        return command(options)
    except UserError as error:
        print(f"virtual_feather: {error}", file=sys.stderr)
        return error.status


if __name__ == "__main__":
    sys.exit(main())
