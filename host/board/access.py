"""What on this computer keeps its user from using a board, and what to do about it."""

import getpass
import grp
import os
import shutil
from pathlib import Path

# Programs that a user wants beside ours, and their Debian packages.
_PROGRAMS = {"picocom": "picocom", "nano": "nano", "mosquitto_sub": "mosquitto-clients"}
# Daemons that open every new serial port: process, why, cure.
_THIEVES = (
    (
        "ModemManager",
        "takes every new serial port for a modem and talks to it for half a minute",
        "sudo systemctl disable --now ModemManager",
    ),
    ("brltty", "takes USB serial bridges for braille displays", "sudo apt-get remove brltty"),
)


def advice(proc: Path = Path("/proc")) -> list[str]:
    """Return one sentence for each thing to do; none when all is well."""
    return [*_group(), *_thieves(proc), *_programs()]


def _group() -> list[str]:
    """Serial ports belong to the group dialout."""
    try:
        dialout = grp.getgrnam("dialout")
    except KeyError:
        return []
    user = getpass.getuser()
    if os.geteuid() == 0 or dialout.gr_gid in (*os.getgroups(), os.getegid()):
        return []
    if user in dialout.gr_mem:
        return [f"{user} is in the group dialout only from the next login on: log out and in"]
    return [f"{user} may not use serial ports: sudo usermod -a -G dialout {user}, then log out and in"]


def _thieves(proc: Path) -> list[str]:
    running = set()
    for process in proc.glob("[0-9]*/comm"):
        try:
            running.add(process.read_text().strip())
        except OSError:  # it has just ended
            continue
    return [f"{name} {what}: {cure}" for name, what, cure in _THIEVES if name in running]


def _programs() -> list[str]:
    missing = [package for program, package in _PROGRAMS.items() if not shutil.which(program)]
    return (
        [f"for a prompt, for files and for watching topics: sudo apt-get install {' '.join(missing)}"]
        if missing
        else []
    )
