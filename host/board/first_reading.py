"""The last step of flash.sh: start the node, and wait for its first reading at its broker."""

import re
import time
from collections.abc import Callable

from host.board.repl import Repl
from host.broker import reach
from host.broker.client import Listener, Message
from host.console import Console
from host.failure import Exit, Failure
from host.faults import meanings

_BOOT_S = 40  # in addition to wifi.timeout_s: another network, the first attempts to reach the broker
_READING_S = 30  # in addition to the sensor's interval
_BROKER_S = 15  # for this computer to reach the broker
_PATIENCE_S = 12  # with a fault that the board shows on its console
_PROGRESS_S = 10
_LAST_WORDS = 12  # last lines of the board's console that are shown if the node stays silent

# What to do about the faults that keep a node from its broker.
_CURES = {
    "1": "./bootstrap.sh --broker gives it an account at the broker of this computer",
    "2": "mqtt.server is the broker's address in the network of the node, and no firewall between them?",
    "3": "run this again",
    "7": "./bootstrap.sh --set wifi.ssid=NAME --set wifi.key=KEY, then ./flash.sh --files-only",
    "8": "./bootstrap.sh, then ./flash.sh --files-only",
}


class Node:
    """A node that is being started. `settings` are complete, `mac` is twelve hex digits."""

    def __init__(self, console: Console, repl: Repl, settings: dict, mac: str) -> None:
        self._console = console
        self._repl = repl
        self._settings = settings
        self._mac = mac
        self._words = bytearray()  # the board's output on its serial line
        self.is_well = True  # no fault was under way when it sent its first reading
        self.client_id = settings["client_id"] or f"feather-{mac[6:]}"

    def start(self) -> None:
        """Restart the board; print its announcement and its first reading. Raises Failure when one is missing."""
        with Listener(self._settings, self.client_id) as listener:
            self._repl.restart()
            try:
                self._hear(listener)
            except Failure:
                for line in self._words.decode(errors="replace").splitlines()[-_LAST_WORDS:]:
                    self._console.note(f"  the board says: {line}")
                raise

    def _hear(self, listener: Listener) -> None:
        seconds = self._settings["wifi"]["timeout_s"] + _BOOT_S
        if not self._wait(
            listener, seconds, lambda m: m.topic == f"connect/{self.client_id}" and m.payload == self._mac
        ):
            raise self._silence(listener, seconds)
        self.is_well = True  # whatever fault from earlier the broker has retained
        if not self._settings["sensors"]:
            return
        seconds = min(sensor["every_s"] for sensor in self._settings["sensors"]) + _READING_S
        if not self._wait(listener, seconds, lambda m: not m.topic.startswith(("connect/", "fault/"))):
            raise Failure(
                Exit.SILENT,
                f"{self.client_id} is connected to {listener.connected} but sent no reading within {seconds:.0f} s: "
                "its fault above says why, or its LED (README.md)",
            )

    def _wait(self, listener: Listener, seconds: float, wanted: Callable[[Message], bool]) -> bool:
        """Print the first message that is wanted, and the faults before it. Returns False when it does not come."""
        begin = shown = well = time.monotonic()
        while (now := time.monotonic()) < begin + (seconds if listener.connected else _BROKER_S):
            message = listener.next(0.5)
            self._words += self._repl.read_new()
            if now - shown >= _PROGRESS_S:
                shown = now
                self._console.note(f"  waiting: {now - begin:.0f} of at most {seconds:.0f} s")
            if not self._fault():
                well = now
            elif now - well > _PATIENCE_S:
                return False
            if message and wanted(message):
                print(message, flush=True)
                return True
            if message and message.topic.startswith("fault/"):
                self.is_well = message.payload == '{"code":0}'
                if not self.is_well:
                    self._console.note(f"  {message}")
            if self._words.endswith(b">>> "):
                raise Failure(
                    Exit.SILENT, f"all is on the board, but {self.client_id} has stopped: its last words are above"
                )
        return False

    def _fault(self) -> tuple[str, str] | None:
        """Return (code, detail) of the fault on the board's console that keeps the node from its broker, or None."""
        said = re.findall(rb"^(?:fault (\d): (.+)|no fault)\r?$", self._words, re.MULTILINE)
        code, detail = (part.decode(errors="replace").strip() for part in said[-1]) if said else ("", "")
        return (code, detail) if code in _CURES else None

    def _silence(self, listener: Listener, seconds: float) -> Failure:
        if fault := self._fault():
            code, detail = fault
            cure = (code == "2" and reach.trouble(self._settings)) or _CURES[code]
            reason = f"{self.client_id} is in fault {code}, {meanings()[int(code)]}: {detail}; {cure}"
        elif not listener.connected:
            reason = reach.absence(self._settings, listener.refused)
        else:
            reason = (
                f"{self.client_id} did not announce itself within {seconds:.0f} s: count the slow blinks of its LED "
                "(7: Wi-Fi, 2: broker not reached, 1: refused, 8: config.json), or look at its prompt"
            )
        return Failure(Exit.SILENT, f"all is on the board, but {reason}")
