"""Bring nodes up to date over the air: what differs between their files and firmware/ here goes to them over MQTT.

Usage: ./node.sh update [--dry-run] [--keep-going] --all | NAME...
  NAME          of a node (client_id); it must be awake and connected
  --all         every node of this computer that has an update_key
  --keep-going  go on with the others when an update went back on one
  --dry-run     ask the nodes what they have, say what would be sent, send nothing

The first node goes alone; when it works with the new version the others follow, eight at a time.

Every update is signed with the node's own update_key. The node verifies all of it before it starts with the new files.
If it does not reach its broker with them within 3 minutes, or crashes three times, it goes back to the old ones by
itself and says why. Stopped anywhere, run again: it goes on. docs/updates.md explains how.

Standard output has a line for each node that is up to date; everything else goes to standard error.

Exit status, that of the first node that failed: 0 all are up to date; 1 config.json, or no update_key; 2 usage; 3 this
computer; 8 a file does not compile; 9 a node does not answer; 10 the broker does not; 11 a node refused the update; 12
a node tried it and went back; 130 Ctrl-C.
"""

import argparse
import getpass
import hashlib
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from host.board.backup import Record, hashes
from host.broker import people, reach
from host.console import Console
from host.failure import Exit, Failure, run
from host.image import firmware
from host.image.filesystem import Files, make_romfs
from host.image.images import LAYOUTS
from host.settings.check import Invalid
from host.settings.nodes import Nodes
from host.update import delta
from host.update.protocol import Refused, Silent, UpdateLink, go, sign

_TRIAL_S = 300.0  # a node reports the end of its trial within 5 minutes
_AT_ONCE = 8  # nodes, after the first
_TOP = ("main.py", "boot.py")
_KEY = "./bootstrap.sh {0} makes one (unless it is null there), ./flash.sh {0} --files-only writes it to the board"


@dataclass(frozen=True)
class State:
    """What a node reports about itself."""

    counter: int  # of its latest update
    half: int  # of the ROMFS partition that runs
    version: str
    mac: str
    digest: str  # of as many bytes as the image here has
    busy: str  # who is updating the node, or "-"
    overriding: list[str]  # files in / that are used in place of those of the image


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./node.sh update", add_help=False)
    parser.add_argument("nodes", nargs="*", metavar="name")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--keep-going", action="store_true")
    parser.add_argument("--dry-run", action="store_true")
    args = parser.parse_args()
    if args.all == bool(args.nodes):
        parser.error("name the nodes, or give --all")
    return args


def main() -> None:
    args = parse()
    console = Console(dry_run=args.dry_run)
    nodes = Nodes()
    try:
        settings = {name: nodes.get(name).settings for name in args.nodes or nodes.names()}
        files = firmware.make(LAYOUTS["romfs"], nodes.first().path).rom
    except Invalid as e:
        raise Failure(Exit.CONFIG, f"{e} (nothing was sent)") from e
    names = args.nodes or [name for name in settings if settings[name]["update_key"]]
    if not names:
        raise Failure(Exit.CONFIG, f"no node here has an update_key: {_KEY.format('NAME')}")
    round_ = Round(console, {name: settings[name] for name in names}, files, args.dry_run, args.keep_going)
    round_.run()
    if args.dry_run:
        console.note("\nnothing was sent (--dry-run)")
    if failed := round_.failed:
        first = next(iter(failed.values()))
        why = f"{names[0]}: {first}" if round_.alone else f"not up to date: {', '.join(failed)} (see above)"
        raise Failure(first.code, why)


class Round:
    """One run of this program: the first node alone, then, when it works, the others."""

    def __init__(
        self, console: Console, settings: dict[str, dict], files: Files, dry_run: bool, keep_going: bool
    ) -> None:
        self.failed: dict[str, Failure] = {}
        self._console = console
        self._settings = settings
        self._files = files
        self._image = make_romfs(files)
        self._dry_run = dry_run
        self._keep_going = keep_going
        self._stop = threading.Event()  # an update went back
        self._ended = threading.Event()  # Ctrl-C

    @property
    def alone(self) -> bool:
        """Whether the round is of one node."""
        return len(self._settings) == 1

    def run(self) -> None:
        left = list(self._settings)
        while left and not self._one(left.pop(0), bar=True) and not self._stop.is_set():
            pass
        if len(left) > 1:
            self._console.note(f"\nThe first works: now the other {len(left)}, {min(len(left), _AT_ONCE)} at a time.")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                list(pool.map(lambda name: self._one(name, bar=len(left) == 1), left))
            except KeyboardInterrupt:  # a node that is on trial ends it without us
                self._ended.set()
                pool.shutdown(cancel_futures=True)
                raise
        if self._stop.is_set() and not self.alone:
            self._console.note(
                "\nIt went back: the nodes that are not named here are as before (--keep-going goes on)."
            )

    def _one(self, name: str, bar: bool) -> bool:
        """Update one node; return whether it now has what is here."""
        if self._stop.is_set():
            return False
        try:
            with UpdateLink(self._settings[name], name, self._ended) as link:
                self._update(link, Progress(self._console, name, bar))
            return True
        except Failure as e:
            self.failed[name] = e
            if not self.alone:
                self._console.note(f"{name}: {e}")
            if e.code == Exit.BACK and not self._keep_going:
                self._stop.set()
            return False

    def _update(self, link: UpdateLink, progress: "Progress") -> None:
        """Bring one node up to date. Raises Failure."""
        settings = self._settings[link.name]
        key = settings["update_key"]
        if not key:
            raise Failure(Exit.CONFIG, f"it has no update_key: {_KEY.format(link.name)}")
        if not link.broker:
            raise Failure(Exit.BROKER, reach.absence(settings, link.refusal))
        try:
            state = greet(link, len(self._image))
            for path in state.overriding:
                how = "was edited on the board" if path in _TOP else "is in / on the board"
                progress.note(f"{path} {how}, and is used in place of what is here: it stays")
            if delta.tell(hashlib.sha256(self._image).digest()) == state.digest:
                print(f"{link.name} is up to date: version {state.version}", flush=True)
            elif not self._dry_run:
                self._send(link, key, state, progress)
            else:
                progress.note(f"would be sent: {what(self._files, Record(state.mac))}")
        except Refused as e:
            raise Failure(Exit.REFUSED, f"it refuses: {e}") from e
        except Silent as e:
            raise Failure(
                Exit.SILENT,
                f"it does not answer at {link.broker}: is it on (status/{link.name}), and does it stay awake "
                f"({people.publish()} -r -t cmd/{link.name}/awake -m 1)?",
            ) from e

    def _send(self, link: UpdateLink, key: str, state: State, progress: "Progress") -> None:
        """Send the update, start its trial, and wait for the result. Raises Failure (back), Refused, Silent."""
        if state.busy != "-":
            raise Failure(Exit.REFUSED, f"{state.busy} is updating it just now: run this again in a minute")
        record = Record(state.mac)
        # Numbered by the clock, so that the numbers grow even if several computers send updates.
        counter = max(state.counter + 1, int(time.time()))
        update = sign(link.name, key, counter, self._image, what(self._files, record))
        link.send(update, state.half, f"{getpass.getuser()}@{socket.gethostname()}", progress)
        link.ask(go(update))
        progress.note("all is there and verified; it starts with it now, and has 3 minutes to come back")
        deadline = time.monotonic() + _TRIAL_S
        while (left := deadline - time.monotonic()) > 0:
            answer = link.next_answer(left)
            if answer.startswith(f"works: update {counter},"):
                print(f"{link.name} {answer}", flush=True)
                kept = {name: self._files[name] for name in _TOP if name not in state.overriding}
                record.updated({f"rom/{path}": content for path, content in self._files.items()} | kept)
                return
            if answer.startswith(f"went back: update {counter}:"):
                raise Failure(Exit.BACK, answer)
        raise Silent


class Progress:
    """How far a node is: a bar on a terminal, otherwise a line for each tenth."""

    def __init__(self, console: Console, name: str, bar: bool) -> None:
        self._console = console
        self._name = name
        self._bar = bar and sys.stderr.isatty()
        self._began = time.monotonic()
        self._shown = 0
        self._told = 0.0

    def note(self, text: str) -> None:
        self._console.note(f"{self._name}: {text}")

    def __call__(self, done: int, total: int) -> None:
        seconds = time.monotonic() - self._began
        if self._bar and (done == total or seconds - self._told > 0.2):
            self._told = seconds
            bar = ("#" * (30 * done // total)).ljust(30, ".")
            print(f"\r{self._name} [{bar}] {seconds:.0f} s", end="\n" * (done == total), file=sys.stderr, flush=True)
        elif not self._bar and 10 * done // total > self._shown:
            self._shown = 10 * done // total
            self.note(f"{10 * self._shown} % is there after {seconds:.0f} s")


def greet(link: UpdateLink, size: int) -> State:
    """Ask the node for its state. Raises Failure, Refused, Silent."""
    try:
        words = link.ask_until_answered(b"?%d" % size).split()
    except Refused as e:
        if "is not a file of the firmware" in str(e):  # up to version 0.2
            raise Failure(
                Exit.REFUSED, "it runs a release that takes other updates than this one sends: ./flash.sh, by cable"
            ) from e
        raise
    return State(int(words[0]), int(words[1]), *words[2:6], words[6:])


def what(files: Files, record: Record) -> str:
    """Return the names of the files that are not on the board, as far as this computer knows; of many, their number."""
    new = [path for path, digest in hashes(files).items() if record.files.get(f"rom/{path}") != digest]
    names = [path.removeprefix("lib/").removesuffix(".mpy") for path in new]
    return ", ".join(names) if 0 < len(names) < 10 else f"{len(names)} files"


if __name__ == "__main__":
    run(main)
