"""How much of the chip's heap the node leaves free: at rest, and at the worst moment of a run through all steps."""

from __future__ import annotations

import contextlib
import json
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mpremote.transport_serial import SerialTransport

from bench import modules
from bench.board import Feather, settings, write_files
from bench.broker import Broker
from bench.compiled import compile_file
from bench.listener import Listener
from bench.report import Report, Table, progress
from bench.system import ROOT, versions
from host.image.filesystem import make_romfs
from host.image.firmware import Firmware, make
from host.image.images import LAYOUTS
from host.settings.check import load
from host.update.protocol import Refused, Silent, UpdateLink, go, sign
from virtual_feather.control import Command, control

_ID = "bench"
_KEY = "5e" * 32  # update_key
_STEP_S = 180.0
_STATS_S = 10
_OUTAGE_S = 30
_SINCE_1900 = 2208988800
_METHOD = f"""the virtual Feather runs MicroPython's own ESP8266 port: words of 32 bits and the chip's heap, of which
38,016 bytes can be used. The node is the real one, with a TSL2561 that it reads every second, statistics every
{_STATS_S} s, NTP, and (not on the image small) Home Assistant, on a real Mosquitto. While the heap is measured
(`ctl heap`) MicroPython collects before every allocation, so that what is not free is in use. In the outage the
network is away for {_OUTAGE_S} s; the update brings one module. A module's cost is what its import retains, in an
interpreter of its own in which all that it imports is there already, and room for its names: .mpy on the image small,
ROMFS on the image romfs, where asyncio and umqtt.simple are frozen."""


@dataclass
class Heap:
    """Free bytes in an image's heap."""

    bare: int = 0  # at a prompt with nothing loaded
    steady: int = 0  # between two readings
    least: dict[str, int] = field(default_factory=dict)  # in each step of STEPS
    failed: list[str] = field(default_factory=list)  # steps that were not completed

    @property
    def worst(self) -> int:
        """The least at any moment."""
        return min(self.least.values())


class Node:
    """A node under measurement: board, firmware, broker."""

    def __init__(self, image: str, firmware: Firmware, state: Path, listener: Listener, link: UpdateLink) -> None:
        self.image = image
        self.firmware = firmware
        self.link = link
        self._state = state
        self._listener = listener
        self.since = 0  # number of messages when the step began

    def ctl(self, verb: str, *words: object, data: bytes = b"") -> bytes:
        return control(self._state, Command(verb, list(map(str, words)), data=data))

    def heap(self) -> dict[str, int]:
        """Bytes: "free" at the last wait, "least" since the last call."""
        return json.loads(self.ctl("heap"))

    def status(self, key: str) -> float:
        return json.loads(self.ctl("status"))[key]

    def until(self, key: str, value: float) -> None:
        """Wait until a number in `ctl status` is at least `value`. Raises TimeoutError."""
        deadline = time.monotonic() + _STEP_S
        while self.status(key) < value:
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.01)

    def expect(self, *prefixes: str) -> None:
        """Wait until the node has published on each of these topics in this step. Raises TimeoutError."""
        for prefix in prefixes:
            if not self._listener.wait(
                lambda message, prefix=prefix: message.topic.startswith(prefix), _STEP_S, self.since
            ):
                raise TimeoutError

    def pass_time(self, seconds: float) -> None:
        """Let `seconds` of the board's time pass; idle time is skipped."""
        end = self.status("clock") + seconds
        self.ctl("clock", seconds)
        self.until("clock", end)

    def command(self, verb: str, payload: str = "") -> None:
        """Send a command, and wait for the answer."""
        self._listener.publish(f"cmd/{_ID}/{verb}", payload)
        self.expect(f"reply/{_ID}/{verb}")

    def begin_step(self) -> None:
        self.since = len(self._listener.messages)


def _start(node: Node) -> None:
    resets = node.status("resets")
    config = node.firmware.flash["config.json"].replace(b'"stats_s": null', b'"stats_s": %d' % _STATS_S)
    node.ctl("put", "config.json", "config.json", data=config)  # and a reset
    node.until("resets", resets + 2)  # the second by the node, once it has checked the settings
    node.begin_step()
    node.expect("connect/", "sensors/", "fault/", "stats/", *(["homeassistant/"] if node.image != "small" else []))


def _rest(node: Node) -> None:
    node.pass_time(2 * _STATS_S)
    node.expect("stats/", "sensors/")


def _read(node: Node) -> None:
    node.command("read")
    node.expect("sensors/")


def _outage(node: Node) -> None:
    node.ctl("wifi", "off")
    node.pass_time(_OUTAGE_S)
    node.ctl("wifi", "on")
    node.begin_step()
    node.expect("connect/", "late/", "sensors/")


def _update(node: Node) -> None:
    changed = {"lib/node/filters.mpy": compile_file(ROOT / "firmware" / "lib" / "node" / "filters.py", "filters")}
    update = sign(_ID, _KEY, 1, make_romfs(node.firmware.rom | changed))
    with node.link as link:
        link.send(update, 0, "bench")
        resets = node.status("resets")
        link.ask(go(update))
        if not link.next_answer(_STEP_S).startswith("works"):
            raise Refused
    node.until("resets", resets + 2)  # it starts once more, without what the trial has left
    node.begin_step()
    node.expect("connect/", "sensors/")


def _set(node: Node) -> None:
    node.command("read")  # the reading is under way when the settings come
    node.command("set", json.dumps({"sensors.0.every_s": 2}))
    node.expect("connect/")
    node.begin_step()
    node.expect("sensors/")  # by then it hears commands


def _restart(node: Node) -> None:
    node.command("restart")
    node.expect("disconnect/", "connect/", "sensors/")


STEPS: dict[str, Callable[[Node], None]] = {
    "start with a new config.json, first reading": _start,
    "readings, statistics": _rest,
    "identify": lambda node: node.command("identify"),
    "read": _read,
    "an outage, late readings": _outage,
    "an update over the air": _update,
    "set, and the start with it": _set,
    "restart": _restart,
}


class _Clock(socketserver.BaseRequestHandler):
    """An NTP server (RFC 5905)."""

    def handle(self) -> None:
        query, sock = self.request
        now = (int(time.time()) + _SINCE_1900).to_bytes(4, "big") + bytes(4)
        sock.sendto(b"\x24\x01" + bytes(22) + query[40:48] + now + now, self.client_address)


@contextlib.contextmanager
def _time_server() -> Iterator[None]:
    """Run the NTP server if this user may use port 123; otherwise the node gets no answer."""
    try:
        server = socketserver.UDPServer(("127.0.0.1", 123), _Clock)
    except OSError:
        yield
        return
    with server:
        threading.Thread(target=server.serve_forever).start()
        yield
        server.shutdown()


def bare(image: str) -> int:
    """Free bytes at the prompt of a board with nothing on it."""
    with tempfile.TemporaryDirectory() as folder, Feather(Path(folder, "bare"), "--image", image) as board:
        repl = SerialTransport(board.path)
        repl.enter_raw_repl()
        free = int(repl.exec("import gc\ngc.collect()\nprint(gc.mem_free())"))
        repl.close()
        return free


def measure(image: str) -> Heap:
    """Take a node through STEPS."""
    heap = Heap(bare(image))
    with tempfile.TemporaryDirectory() as name, _time_server(), Broker() as broker, Listener(broker.port) as listener:
        folder = Path(name)
        config = folder / "config.json"
        more = {"homeassistant": image != "small", "update_key": _KEY if LAYOUTS[image].romfs else None}
        config.write_text(json.dumps(settings(broker.port, _ID, stats_s=None, ntp="127.0.0.1", **more)))
        modules.get_libraries()
        firmware = make(LAYOUTS[image], config)
        state = folder / "board"
        write_files(state, firmware.flash, image, firmware.rom)
        with Feather(state, "--fast", 0):
            node = Node(image, firmware, state, listener, UpdateLink(load(config), _ID))
            node.heap()
            for step, act in STEPS.items():
                if act is _update and not LAYOUTS[image].romfs:
                    continue
                try:
                    act(node)
                except (TimeoutError, Refused, Silent):
                    heap.failed.append(step)
                heap.least[step] = node.heap()["least"]
                node.begin_step()
                if act is _rest:
                    heap.steady = _idle(node)
    return heap


def _idle(node: Node) -> int:
    """Free bytes between two readings: during a reading there are less."""
    found = []
    for _ in range(20):
        time.sleep(0.1)
        found.append(node.heap()["free"])
    return max(found)


def _whole(found: dict[str, Heap]) -> Table:
    table = Table(["free bytes of 38,016", *found], title="The whole node")
    table.add("bare prompt", *(f"{heap.bare:,}" for heap in found.values()))
    table.add("steady", *(f"{heap.steady:,}" for heap in found.values()))
    for step in STEPS:
        table.add(f"least: {step}", *(_cell(heap, step) for heap in found.values()))
    return table


def _cell(heap: Heap, step: str) -> str:
    return ("-" if step not in heap.least else f"{heap.least[step]:,}") + (" (failed)" if step in heap.failed else "")


def _modules() -> Table:
    costs = {form: modules.measure(form) for form in modules.FORMS}
    table = Table(["module", ".mpy", "ROMFS"], title="Bytes that each module retains")
    for name in sorted({name for cost in costs.values() for name in cost}):
        table.add(name, *(f"{cost[name]:,}" if name in cost else "-" for cost in costs.values()))
    return table


def run() -> Report:
    """Measure every image and every module."""
    found = {}
    for image in LAYOUTS:
        progress(f"memory: the whole node, {image}")
        found[image] = measure(image)
    progress("memory: the modules")
    headlines = [
        f"free of 38,016 bytes, image {image}: {heap.bare:,} at a bare prompt, {heap.steady:,} steady, "
        f"{heap.worst:,} at the worst moment" + (f"; failed: {', '.join(heap.failed)}" if heap.failed else "")
        for image, heap in found.items()
    ]
    return Report("memory", "Memory", _METHOD, headlines, [_whole(found), _modules()], versions=versions())
