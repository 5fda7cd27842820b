"""What help() prints on the board."""

from __future__ import annotations

WELCOME = """\
Welcome to MicroPython!

The documentation of this port: http://docs.micropython.org/en/latest/esp8266/
For a bug report, add what `import port_diag` prints.

To join a network:
import network
sta_if = network.WLAN(network.WLAN.IF_STA); sta_if.active(True)
sta_if.scan()                               # what there is to join
sta_if.connect("<name>", "<key>")
sta_if.isconnected()

Keys of the prompt:
  CTRL-A        raw REPL, for programs
  CTRL-B        back to this one
  CTRL-C        stop what runs
  CTRL-D        soft reset, on an empty line
  CTRL-E        paste

help(object) tells about an object, help("modules") lists the modules.
"""

_WIDTH, _COLUMNS = 18, 4


def listing(names: set[str]) -> str:
    """help("modules"): names, sorted, in columns."""
    sorted_names = sorted(names)
    rows = -(-len(sorted_names) // _COLUMNS)
    lines = ["".join(name.ljust(_WIDTH) for name in sorted_names[row::rows]).rstrip() for row in range(rows)]
    return "\n".join([*lines, "Plus any modules on the filesystem"]) + "\n"
