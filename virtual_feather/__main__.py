"""The virtual Feather: a whole Feather HUZZAH ESP8266 behind one serial path.

python -m virtual_feather run --state DIR [--link PATH] [--image romfs|plain|small] [--mac AABBCCDDEEFF]
        [--rfc2217 PORT] [--paced] [--fast] [--heap BYTES]
    Start a board; prints `serial: PATH` when it is ready and runs until it is told to stop (Ctrl-C, SIGTERM).
python -m virtual_feather ctl --state DIR VERB [ARGUMENT ...]
    Change or show the world of a running board.
python -m virtual_feather image romfs|plain|small --out FILE
    Write a stand-in firmware image in the exact container format.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from .board import CHIP_HEAP
from .control import ControlError, control

_VERBS = """verbs of ctl:
  light LUX [--ratio R]    set the light on the sensor, and the share of infrared in it
  light day                a day in two minutes, again and again
  wifi on|off              the access point; --ssid NAME and --key KEY make it one that is choosy
  adc VOLTS                what the analogue input measures
  runapp hold|release      the RunApp wire to ground
  led                      the last 60 s of the red LED, and what they spell
  i2c ok|nack|stuck|hang|garbage
  reset                    press the button
  power on|off             the supply
  put FILE PATH            write a file to the board's file system; the board starts again
  get PATH                 print a file of it
  status                   all of this, as JSON"""


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m virtual_feather", description=__doc__, epilog=_VERBS, formatter_class=raw
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start a board")
    run.add_argument("--state", type=Path, required=True, help="folder of flash, RTC memory and control socket")
    run.add_argument("--link", type=Path, help="symbolic link to make to the serial path")
    run.add_argument("--image", choices=("romfs", "plain", "small"), default="romfs", help="firmware of a new board")
    run.add_argument("--mac", type=_mac, help="six bytes in hexadecimal; a new board draws one")
    run.add_argument("--rfc2217", type=int, metavar="PORT", help="a serial path with reset lines, on this TCP port too")
    run.add_argument("--paced", action="store_true", help="the line and the flash take as long as real ones")
    run.add_argument("--fast", action="store_true", help="skip the time in which nothing happens")
    run.add_argument("--heap", type=int, default=CHIP_HEAP, metavar="BYTES", help="the chip has %(default)s")
    ctl = commands.add_parser("ctl", help="change the world", epilog=_VERBS, formatter_class=raw)
    ctl.add_argument("--state", type=Path, required=True)
    ctl.add_argument("verb")
    ctl.add_argument("arguments", nargs="*")
    ctl.add_argument("--ratio", type=float)
    ctl.add_argument("--ssid")
    ctl.add_argument("--key")
    image = commands.add_parser("image", help="write a stand-in image")
    image.add_argument("name", choices=("romfs", "plain", "small"))
    image.add_argument("--out", type=Path, required=True)
    return parser


def _mac(text: str) -> bytes:
    mac = bytes.fromhex(text.replace(":", ""))
    if len(mac) != 6:
        raise argparse.ArgumentTypeError("a MAC has six bytes")
    return mac


def main() -> int:
    """Run the command line; its exit status."""
    options = _parser().parse_args()
    if options.command == "run":
        from .runner import Options, run

        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        return run(Options(**{name: value for name, value in vars(options).items() if name != "command"}))
    if options.command == "image":
        from .image import write_image

        write_image(options.name, options.out)
        return 0
    return _ctl(options)


def _ctl(options: argparse.Namespace) -> int:
    words = [options.verb, *options.arguments]
    if options.verb == "put" and options.arguments:
        words[1] = str(Path(options.arguments[0]).resolve())
    if options.ratio is not None:
        words.append(str(options.ratio))
    if options.ssid is not None:
        words += [options.ssid, *([options.key] if options.key is not None else [])]
    try:
        text = control(options.state, words)
    except ControlError as error:
        print(f"virtual_feather: {error}", file=sys.stderr)
        return 1
    if options.verb == "get":
        sys.stdout.buffer.write(text.encode("latin-1"))
    elif text:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
