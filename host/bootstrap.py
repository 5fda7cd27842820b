"""The Python of bootstrap.sh, which has the usage text and lists the exit codes."""

import argparse
from pathlib import Path

from host.board import access
from host.broker import reach
from host.broker import setup as broker_setup
from host.console import Console
from host.failure import Exit, Failure, run
from host.image import libraries
from host.image.filesystem import have_littlefs
from host.image.images import IMAGES
from host.settings import config_file
from host.settings.check import Invalid, load


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./bootstrap.sh", add_help=False)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="assignments")
    parser.add_argument("--image", choices=IMAGES)
    parser.add_argument("--broker", action="store_true")
    parser.add_argument("--print", action="store_true", dest="show")
    parser.add_argument("--remove-broker", action="store_true")
    parser.add_argument("--yes", action="store_true")
    args = parser.parse_args()
    if args.remove_broker and (args.broker or args.show or args.assignments or args.image):
        parser.error("--remove-broker goes alone")
    if args.show and (not args.broker or args.assignments or args.image):
        parser.error("--print goes with --broker alone")
    return args


def main(prefix: Path = Path("/")) -> None:
    """prefix: the root of the files of this computer's Mosquitto."""
    args = parse()
    console = Console(assume_yes=args.yes)
    if args.remove_broker:
        broker_setup.remove(console, prefix)
    elif args.show:
        broker_setup.show(_settings(), prefix)
    else:
        prepare(console, args, prefix)


def prepare(console: Console, args: argparse.Namespace, prefix: Path) -> None:
    if not have_littlefs():
        console.note(
            "littlefs-python has no wheel for this computer and could not be built: flash.sh will upload file by file"
        )
    if args.broker:
        broker_setup.check(console, prefix)
    console.step("Device libraries")
    if args.image and not IMAGES[args.image].layout.lacks:
        console.note(f"  {args.image} brings its own")
    else:
        libraries.get(console)
        console.note("  in build/device_libs")
    console.step("Settings")

    def possible() -> str | None:
        try:
            broker_setup.check(console, prefix)
        except Failure as e:
            return str(e)
        return None

    settings, broker = config_file.prepare(console, args.assignments, account=args.broker, possible=possible)
    if broker:
        console.step("Mosquitto on this computer")
        broker_setup.set_up(console, settings, prefix)
    else:
        console.step("The broker")
        trouble = reach.unusable(settings) or reach.trouble(settings)
        console.note(f"  {trouble or 'lets the node in'}")
    console.step("This computer")
    advice = access.advice()
    for sentence in advice:
        console.note(f"  {sentence}")
    if not advice:
        console.note("  has all it needs")
    console.note("\nNow plug the board in: ./flash.sh")


def _settings() -> dict:
    try:
        return load(config_file.PATH)
    except Invalid as e:
        raise Failure(Exit.CONFIG, f"{e}: ./bootstrap.sh makes it") from e


if __name__ == "__main__":
    run(main)
