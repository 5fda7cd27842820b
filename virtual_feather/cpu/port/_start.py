"""From a bare interpreter to the ESP8266 port: the first thing that runs after a reset, then forgotten."""

import sys


def go(call):
    """Put the port in place, mount the flash, and leave the interpreter as the board's firmware finds it."""
    import _board

    _board.call = call
    import _graft

    _graft.graft(call)
    call("hide")
    import _mount

    _mount.mount(call)
    for name in ("_start", "_graft", "_mount"):
        sys.modules.pop(name)
    import __main__

    __main__._main = call
