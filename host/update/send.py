"""The Python of update.sh, which has the usage text and lists the exit codes."""

import argparse
import hashlib
import time
from dataclasses import dataclass

from host.board.backup import BY_THE_BOARD, Record
from host.board.deploy import CONFIG
from host.console import Console
from host.failure import Exit, Failure, run
from host.image import firmware
from host.image.filesystem import Files
from host.image.images import LAYOUTS, Layout
from host.settings import keys
from host.settings.check import Invalid, load
from host.update.protocol import GO, Air, Refused, Silent, Update, sign

_TRIAL_S = 300.0  # a node that is on its own again says so within 5 minutes
_EDITED = ("boot.py", "main.py")  # which people edit on the board
_TOP = {f"lib/{name}.mpy": f"{name}.mpy" for name in ("staged", "moves", "trial", "twins")}  # / is before /rom/lib


@dataclass(frozen=True)
class State:
    """What a node says of itself: its last update's number, its layout, its version, its MAC."""

    counter: int
    layout: Layout
    version: str
    mac: str


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./update.sh", add_help=False)
    parser.add_argument("nodes", nargs="*", metavar="id")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    args = parser.parse_args()
    if args.all == bool(args.nodes):
        parser.error("name the nodes, or give --all")
    return args


def main() -> None:
    args = parse()
    console = Console(dry_run=args.dry_run)
    try:
        settings = load(CONFIG)
    except Invalid as e:
        raise Failure(Exit.CONFIG, f"{e} (nothing was sent)") from e
    first = None
    for name in args.nodes or everybody(settings):
        console.step(name)
        try:
            with Air(settings, name) as air:
                update(console, air, settings, args.dry_run)
        except Failure as e:
            console.note(f"  {e}")
            first = first or e
    if first:
        raise first


def everybody(settings: dict) -> list[str]:
    """Return the names of all nodes whose update_key is here. Raises Failure (config) when there are none."""
    names = {path.stem for path in keys.FOLDER.glob("*.json")} - {keys.PEOPLE} | {settings["client_id"]}
    found = sorted(name for name in names if name and key_of(settings, name))
    if not found:
        raise Failure(Exit.CONFIG, "there is no update_key of any node here: ./bootstrap.sh and ./flash.sh keep them")
    return found


def key_of(settings: dict, name: str) -> str | None:
    """Return the update_key of a node: that of config.json, if this is its node, or else the one kept in keys/."""
    if settings["client_id"] == name and settings["update_key"]:
        return settings["update_key"]
    return keys.known(name).get("update_key")


def update(console: Console, air: Air, settings: dict, dry_run: bool) -> None:
    """Bring one node up to date. Raises Failure."""
    key = key_of(settings, air.name)
    if not key:
        raise Failure(
            Exit.CONFIG, f"the update_key of {air.name} is neither in config.json nor in keys/{air.name}.json"
        )
    if not air.broker:
        reason = air.refusal or "no answer"
        raise Failure(Exit.SILENT, f"this computer does not get into the broker of config.json ({reason})")
    try:
        state = greet(air)
        record = Record(state.mac)
        files = differing(console, air, state, record)
        for path, content in files.items():
            console.note(f"  {path}: {len(content)} bytes")
        if not files:
            print(f"{air.name} is up to date: version {state.version}", flush=True)
        elif not dry_run:
            send(console, air, signed(air.name, key, state, files))
            record.updated(files)
    except Refused as e:
        raise Failure(Exit.REFUSED, f"{air.name} refuses: {e}") from e
    except Silent as e:
        raise Failure(
            Exit.SILENT,
            f"{air.name} does not answer at {air.broker}: is it on (status/{air.name}), and does it stay awake "
            f"(mosquitto_pub -r -t cmd/{air.name}/awake -m 1)?",
        ) from e


def greet(air: Air) -> State:
    """Ask the node what it is. Raises Refused, Silent."""
    counter, kind, version, mac = air.ask(b"?").split()
    layout = LAYOUTS["romfs"]
    if kind != "romfs":
        (asyncio,) = air.converse([b"hlib/asyncio/__init__.mpy"])
        layout = LAYOUTS["plain" if asyncio == "-" else "small"]
    return State(int(counter), layout, version, mac)


def differing(console: Console, air: Air, state: State, record: Record) -> Files:
    """Return the files that the node has otherwise, or not at all, by their paths in its LittleFS."""
    made = firmware.make(state.layout, CONFIG)
    wanted = {path: content for path, content in made.flash.items() if path not in (CONFIG.name, *BY_THE_BOARD)}
    beside = {_TOP.get(path, path): f"rom/{path}" for path in made.rom}  # in ROMFS, below what an update has put there
    wanted |= {path: made.rom[rom.removeprefix("rom/")] for path, rom in beside.items()}
    has = ask_for(air, list(wanted))
    has |= ask_for(air, [rom for path, rom in beside.items() if has[path] == "-"])
    found = {}
    for path, content in wanted.items():
        there = has[path] if has[path] != "-" else has.get(beside.get(path, ""), "-")
        if there == hashlib.sha256(content).hexdigest():
            continue
        if path in _EDITED and there not in ("-", record.files.get(path)):
            console.note(f"  {path} on the board was not put there from here, and stays: ./flash.sh would replace it")
            continue
        found[path] = content
    return found


def ask_for(air: Air, paths: list[str]) -> dict[str, str]:
    """Return the SHA-256 of these files of the node, "-" for one that it does not have."""
    return dict(zip(paths, air.converse([b"h" + path.encode() for path in paths]), strict=True))


def signed(name: str, key: str, state: State, files: Files) -> Update:
    """Number the update by the clock, so that computers that know nothing of each other count on."""
    return sign(name, key, max(state.counter + 1, int(time.time())), made_version(), files)


def made_version() -> str:
    """Return the version of the firmware here."""
    source = (firmware.ROOT / "firmware" / "lib" / "node" / "__init__.py").read_text()
    return source.partition('VERSION = "')[2].partition('"')[0]


def send(console: Console, air: Air, package: Update) -> None:
    """Send it, have it tried, and wait for what becomes of it. Raises Failure (back), Refused, Silent."""
    shown = -1

    def progress(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // total
        if percent // 10 > shown // 10:
            shown = percent
            console.note(f"  sent: {percent} %")

    air.send(package, progress)
    air.ask(GO)
    console.note("  all is there and verified; the node starts with it now, and has 3 minutes to come back")
    deadline = time.monotonic() + _TRIAL_S
    while (left := deadline - time.monotonic()) > 0:
        answer = air.hear(left)
        if answer.startswith(f"works: update {package.counter},"):
            print(f"{air.name} {answer}", flush=True)
            return
        if answer.startswith(f"went back: update {package.counter}:"):
            raise Failure(Exit.BACK, f"{air.name} {answer}")


if __name__ == "__main__":
    run(main)
