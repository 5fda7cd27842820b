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
from host.settings.check import Invalid
from host.settings.nodes import Node, Nodes
from host.settings.prepare import Preparation


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./bootstrap.sh", add_help=False)
    parser.add_argument("name", nargs="?", metavar="NAME")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="assignments")
    parser.add_argument("--image", choices=IMAGES)
    parser.add_argument("--broker", action="store_true")
    parser.add_argument("--print", action="store_true", dest="show")
    parser.add_argument("--remove-broker", action="store_true")
    parser.add_argument("--yes", action="store_true")
    args = parser.parse_args()
    if args.remove_broker and (args.broker or args.show or args.assignments or args.image or args.name):
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
        broker_setup.show([node.settings for node in _nodes(args.name)], prefix)
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

    preparation = Preparation(console, args.name, possible=possible)
    node, broker = preparation.run(args.assignments, account=args.broker)
    if broker:
        console.step("Mosquitto on this computer")
        broker_setup.set_up(console, [one.settings for one in _nodes(args.name)], prefix)
    else:
        console.step("The broker")
        trouble = reach.unusable(node.settings) or reach.trouble(node.settings)
        console.note(f"  {trouble or 'lets the node in'}")
    console.step("This computer")
    advice = access.advice()
    for sentence in advice:
        console.note(f"  {sentence}")
    if not advice:
        console.note("  has all it needs")
    console.note(f"\nNow plug the board in: ./flash.sh{f' {args.name}' if args.name else ''}")


def _nodes(name: str | None) -> list[Node]:
    """Return the node of that name; without one, all. Raises Failure (config)."""
    nodes = Nodes()
    try:
        names = [name] if name or nodes.alone() else nodes.names()
        return [nodes.get(one) for one in names]
    except Invalid as e:
        raise Failure(Exit.CONFIG, str(e)) from e


if __name__ == "__main__":
    run(main)
