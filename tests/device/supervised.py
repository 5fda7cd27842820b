"""Tables for tests of node/supervisor.py, on a clock of their own."""

import asyncio

import machine
from clock import Clock
from node import last_run, supervisor
from node.faults import Faults
from node.supervisor import Stop, Supervisor

LONG = 100000  # seconds; the row is not watched in a test
FUNCTION = 0  # in place of seconds


class Ends:
    """Stands in for the session and the LED, which the supervisor ends."""

    def __init__(self, fails):
        self.fails = fails
        self.farewells = 0
        self.ended = []
        self.outbox = self

    async def stop(self):
        self.farewells += 1
        if self.fails:
            raise OSError(5)

    @property
    def count(self):
        """Asked by outbox_file.write()."""
        self.ended.append("kept")
        return 0

    def close(self):
        self.ended.append("close")

    def pin(self, level):
        self.ended.append(level)


def build(*rows, error_reboot_s=None, fails=False):
    """A started board, and its table of coroutines. fails: whether the session cannot say farewell."""
    supervisor.time = Clock()
    machine.RTC.contents = b""
    machine.cause = machine.PWRON_RESET
    last_run.look_back()
    ends = Ends(fails)
    return Supervisor(rows, Faults(), error_reboot_s, ends, ends)


def elapsed_ms():
    """Virtual milliseconds since the last build()."""
    return supervisor.time.elapsed_ms()


def run_until_reset(table):
    """Run until the board is reset; return what the next start finds: (why, crashed, crashes in a row)."""
    try:
        table.run()
    except machine.Reset:
        machine.cause = machine.SOFT_RESET
        return last_run.look_back()
    raise AssertionError("no reset")


def watched(table):
    """A list of what each check for signs of life finds; True: all is well."""
    look = table._check
    found = []

    def looks(now):
        found.append(look(now))
        return found[-1]

    table._check = looks
    return found


async def lives():
    while True:
        await asyncio.sleep_ms(200)


def after(ms, act):
    """A coroutine function: calls `act` after `ms` virtual milliseconds, and then goes on."""

    async def coroutine():
        await asyncio.sleep_ms(ms)
        act()
        await lives()

    return coroutine


def stop():
    raise Stop("enough")
