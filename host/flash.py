"""The Python of flash.sh, which has the usage text and lists the exit codes."""

import argparse
import os
import sys

from host.board import ports
from host.board.deploy import Deployment
from host.board.loader import Loader
from host.board.upload import UPLOADERS
from host.board.which import which
from host.broker import reach
from host.console import Console
from host.failure import Exit, Failure, run
from host.image import images
from host.image.filesystem import have_littlefs
from host.settings.check import Invalid
from host.settings.nodes import Node, Nodes


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./flash.sh", add_help=False)
    parser.add_argument("name", nargs="?", metavar="NAME")
    parser.add_argument("--port", metavar="PATH")
    parser.add_argument("--image", metavar="romfs|plain|small|FILE|URL")
    parser.add_argument("--layout", choices=images.LAYOUTS)
    parser.add_argument("--baud", type=int, default=460800)
    parser.add_argument("--uploader", choices=("image", "rshell", "mpremote"))
    parser.add_argument("--files-only", action="store_true")
    parser.add_argument("--no-erase", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--yes", action="store_true")
    args = parser.parse_args()
    if args.files_only and args.no_erase:
        parser.error("--files-only never erases: leave out --no-erase")
    return args


def main() -> None:
    args = parse()
    console = Console(dry_run=args.dry_run, assume_yes=args.yes)
    try:
        flash(console, args)
    except Invalid as e:
        raise Failure(Exit.CONFIG, f"{e} (nothing was touched)") from e


def flash(console: Console, args: argparse.Namespace) -> None:
    """Put a node on one board. Raises Failure, Invalid."""
    nodes = Nodes()
    named = nodes.get(args.name) if args.name or nodes.alone() or console.dry_run else None
    image = images.choose(args.image or "romfs", args.layout) if args.image or args.layout else None
    console.step("Find the board")
    port, uploader = _port(console, args.port), _uploader(console, args.uploader)
    if named:
        _check_broker(console, named.settings, port)

    def choose(mac: str) -> Node:
        node = which(console, nodes, args.name, mac)
        if not named or node.path != named.path:
            _check_broker(console, node.settings, port)
        return node

    with Loader(console, port, args.baud) as loader:
        deployment = Deployment(console, nodes, port, loader, uploader, choose)
        if args.files_only:
            deployment.files_only(image.layout if image else None)
        else:
            deployment.everything(image, keep_files=args.no_erase)


def _port(console: Console, given: str | None) -> str:
    if not given and console.dry_run and not ports.candidates():
        console.note("  there is none: the commands below say PORT")
        return "PORT"
    port = given or ports.find(console, ports.candidates())
    if not console.dry_run:
        ports.check(port)
    return port


def _check_broker(console: Console, settings: dict, port: str) -> None:
    """Raise Failure, before anything is written, when the broker will not hear the node."""
    console.step("Ask the broker whether it lets the node in")
    if console.dry_run:
        return
    on_usb = not ports.is_address(port) and not os.path.realpath(port).startswith("/dev/pts/")
    if on_usb and (reason := reach.unusable(settings)):
        raise Failure(Exit.CONFIG, f"{reason}; nothing was written")
    if trouble := reach.trouble(settings):
        console.note(f"  {trouble}")
        if not console.assume_yes and not sys.stdin.isatty():
            raise Failure(Exit.BROKER, f"{trouble}; nothing was written")
        if not console.ask("write the board all the same?"):
            raise Failure(Exit.BROKER, "nothing was written, as you said")
    else:
        console.note("  it does")


def _uploader(console: Console, given: str | None) -> str:
    if given in UPLOADERS or have_littlefs():
        return given or "image"
    if given:
        raise Failure(Exit.COMPUTER, "littlefs-python is not installed here: use --uploader mpremote")
    console.note("  littlefs-python is not installed here, so the files go up one by one (--uploader mpremote)")
    return "mpremote"


if __name__ == "__main__":
    run(main)
