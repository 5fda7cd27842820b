"""The Python of bootstrap.sh, which has the usage text and lists the exit codes."""

import argparse

from host import computer, config, libraries
from host.console import Console
from host.failure import run
from host.filesystem import have_littlefs
from host.images import IMAGES


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./bootstrap.sh", add_help=False)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="assignments")
    parser.add_argument("--image", choices=IMAGES)
    parser.add_argument("--yes", action="store_true")
    return parser.parse_args()


def main() -> None:
    args = parse()
    console = Console(assume_yes=args.yes)
    if not have_littlefs():
        console.note(
            "littlefs-python has no wheel for this computer and could not be built: flash.sh will upload file by file"
        )
    console.step("Device libraries")
    if args.image and not IMAGES[args.image].layout.lacks:
        console.note(f"  {args.image} brings its own")
    else:
        libraries.get(console)
        console.note("  in build/device_libs")
    console.step("Settings")
    config.prepare(console, args.assignments)
    console.step("This computer")
    advice = computer.advice()
    for sentence in advice:
        console.note(f"  {sentence}")
    if not advice:
        console.note("  has all it needs")
    console.note("\nNow plug the board in: ./flash.sh")


if __name__ == "__main__":
    run(main)
