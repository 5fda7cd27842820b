"""The Python of flash.sh, which has the usage text and lists the exit codes."""

import argparse
import os
import sys

from host.board import ports, several
from host.board.deploy import Deployment
from host.board.loader import Loader
from host.board.upload import UPLOADERS
from host.board.which import which
from host.broker import reach
from host.console import Console
from host.failure import Exit, Failure, run
from host.image import images
from host.image.fetch import fetch
from host.image.filesystem import have_littlefs
from host.settings.check import Invalid
from host.settings.nodes import Node, Nodes


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./flash.sh", add_help=False)
    parser.add_argument("name", nargs="?", metavar="NAME")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--port", action="append", metavar="PATH")
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
    if args.all and args.name:
        parser.error("--all asks each board which node it is: leave out NAME")
    if not args.all and len(args.port or ()) > 1:
        parser.error("several boards take --all")
    return args


def main() -> None:
    args = parse()
    console = Console(dry_run=args.dry_run, assume_yes=args.yes)
    try:
        flash_all(console, args) if args.all else flash(console, args)
    except Invalid as e:
        raise Failure(Exit.CONFIG, f"{e} (nothing was touched)") from e


def flash(console: Console, args: argparse.Namespace) -> None:
    """Put a node on one board. Raises Failure, Invalid."""
    nodes = Nodes()
    with nodes.locked():
        named = nodes.get(args.name) if args.name or nodes.alone() or console.dry_run else None
    image = images.choose(args.image or "romfs", args.layout) if args.image or args.layout else None
    console.step("Find the board")
    port, uploader = _port(console, args.port[0] if args.port else None), _uploader(console, args.uploader)
    if named:
        _check_broker(console, named.settings, port)

    def choose(mac: str) -> Node:
        with nodes.locked():
            node = which(console, nodes, args.name, mac)
            if console.assume_yes and not console.dry_run:  # at once: another flash.sh may be about to take it
                name = node.name or f"feather-{mac[6:]}"
                nodes.deployed(name, mac, node.image)
                node = nodes.get(name)
        if not named or node.settings["mqtt"] != named.settings["mqtt"]:
            _check_broker(console, node.settings, port)
        return node

    with Loader(console, port, args.baud) as loader:
        deployment = Deployment(console, nodes, port, loader, uploader, choose)
        if args.files_only:
            deployment.files_only(image.layout if image else None)
        else:
            deployment.everything(image, keep_files=args.no_erase)


def flash_all(console: Console, args: argparse.Namespace) -> None:
    """Put nodes on all boards at once. Raises Failure, Invalid."""
    console.step("Find the boards")
    found = args.port or [one.device for one in ports.candidates()]
    if not found:
        ports.find(console, [])
    options = ("image", "layout", "baud", "uploader", "files_only", "no_erase")
    given = {f"--{name.replace('_', '-')}": getattr(args, name) for name in options}
    words = [
        word for name, value in given.items() if value for word in ([name] if value is True else [name, str(value)])
    ]
    for port in found:
        console.command(["./flash.sh", "--port", port, "--yes", *words])
    if console.dry_run:
        return
    for port in found:
        ports.check(port)
    _check_broker(console, Nodes().first().settings, found[0])
    if not args.files_only:
        if not console.ask(f"write {len(found)} boards, and erase what is on them?"):
            raise Failure(Exit.USAGE, "nothing was touched, as you said")
        console.step("Get MicroPython")
        fetch(images.choose(args.image or "romfs", args.layout), console)  # once for all boards
    console.step(f"Flash {len(found)} boards, about a minute")
    several.flash(console, found, words)


def _port(console: Console, given: str | None) -> str:
    if not given and console.dry_run and not ports.candidates():
        console.note("  there is none: the commands below say PORT")
        return "PORT"
    port = given or ports.find(console, ports.candidates())
    if not console.dry_run:
        ports.check(port)
    return port


def _check_broker(console: Console, settings: dict, port: str) -> None:
    """Raise Failure, before anything is written, when the broker does not accept the node."""
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
            raise Failure(Exit.USAGE, "nothing was written, as you said")
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
