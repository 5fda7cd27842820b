"""The node's library: one job a file. main.py puts the pieces together."""

import sys

VERSION = "0.1.0"

try:
    import asyncio  # noqa: F401
except ImportError:  # before MicroPython 1.21 it is called uasyncio
    import uasyncio

    sys.modules["asyncio"] = uasyncio
