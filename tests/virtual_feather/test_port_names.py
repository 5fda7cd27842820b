"""The names of the virtual Feather's modules against those that the firmware of the ESP8266 port has listed itself."""

from __future__ import annotations

import fnmatch
import json

import pytest
from boards import Console, RunningBoard
from stub_names import Module, stubs

# What stays different, by "module", "module.name" or "module.Class.name", with * for any characters, and why.
_DOCUMENTED = "documented for other ports; the stubs take it from the documentation"
_NEWER = "came with v1.29, after the image"
_CONST = "a const() of the source, which its compiler does not keep"
_TYPES = "for type checkers"
_CORE = "the core is v1.28's, on v1.19.1 too"
_DEVIATIONS_1_28 = {
    "__builtins__": _TYPES,
    "ubluetooth": "an alias of a module that the port has not",
    "ussl": "an alias of a frozen module, which has none",
    "uzlib": "gone since v1.21",
    "cryptolib.MODE_*": _DOCUMENTED,
    "errno.ENOTSUP": _DOCUMENTED,
    "machine.ADC.atten": _DOCUMENTED,
    "machine.ADC.width": _DOCUMENTED,
    "machine.ADCBlock": _DOCUMENTED,
    "machine.ADCWiPy": _DOCUMENTED,
    "machine.AbstractBlockDev": _TYPES,
    "machine.I2C.deinit": _DOCUMENTED,
    "machine.SoftI2C.deinit": _DOCUMENTED,
    "machine.Pin.drive": _DOCUMENTED,
    "machine.Pin.mode": _DOCUMENTED,
    "machine.Pin.pull": _DOCUMENTED,
    "machine.RTC.init": _DOCUMENTED,
    "machine.SDCard": _DOCUMENTED,
    "machine.UART.ioctl": "an object in MicroPython needs it to be polled",
    "micropython.asm_thumb": _DOCUMENTED,
    "micropython.asm_xtensa": "a decorator of the compiler, no name of the module",
    "micropython.native": "a decorator of the compiler, no name of the module",
    "micropython.viper": "a decorator of the compiler, no name of the module",
    "network.AbstractNIC": _TYPES,
    "network.LAN": _DOCUMENTED,
    "network.WLANWiPy": _DOCUMENTED,
    "random.randrange": _DOCUMENTED,
    "vfs.AbstractBlockDev": _TYPES,
    "vfs.VfsRom": "in the image since v1.25; the stubs leave it out",
    "uctypes._*": _TYPES,
    "uctypes.LONG": "this processor has 64 bits",
    "uctypes.ULONG": "this processor has 64 bits",
    "ds18x20._*": _CONST,
    "mip._*": _CONST,
    "webrepl._*": _CONST,
    "webrepl.const": "the source imports it",
    "umqtt.simple.hexlify": "the source imports it",
    "neopixel.Pin": _TYPES,
    "neopixel._Color": _TYPES,
    "requests.Response.encoding": "an attribute of instances",
    "network.Pin": _TYPES,
    "network.SPI": _TYPES,
    "umqtt.simple._encode_len": _NEWER,
    "umqtt.*.MQTTClient.unsubscribe": _NEWER,
    "umqtt.*.MQTTClient._send_subunsub": _NEWER,
    "requests.BodyStream": _NEWER,
    "espnow.poll": "the source imports it",
    "espnow.POLLIN": "the source imports it",
}
_DEVIATIONS_1_19 = {
    "__builtins__": _TYPES,
    "array.array.decode": _DOCUMENTED,
    "uarray.array.decode": _DOCUMENTED,
    "*io.TextIOWrapper": _CORE,
    "*io.BufferedWriter": _CORE,
    "*io.FileIO": _CORE,
    "machine.UART.ioctl": _DEVIATIONS_1_28["machine.UART.ioctl"],
    "micropython.heap_locked": _DOCUMENTED,
    "micropython.native": _DEVIATIONS_1_28["micropython.native"],
    "micropython.viper": _DEVIATIONS_1_28["micropython.viper"],
    "sys.ps[12]": "hidden from the module's table, and found all the same by its attributes",
    "ussl": "ssl is a module in MicroPython here, which has no alias",
    "upip*": "installs from an index that no longer serves it, over a TLS that this port cannot do",
}

# Modules that run at import, or ask questions.
_NOT_IMPORTED = {"_boot", "inisetup", "port_diag", "webrepl_setup"}
# Modules that are C in the firmware, so that the stubs list all they have.
# fmt: off
_WHOLE = {
    "binascii", "btree", "cryptolib", "deflate", "errno", "esp", "framebuf", "gc", "hashlib", "heapq", "lwip",
    "machine", "math", "micropython", "network", "platform", "random", "select", "socket", "sys", "time", "tls",
    "uctypes", "vfs", "websocket", "_espnow", "_onewire",
}
# fmt: on
_LOOK = """
import gc, json, sys
for loaded in list(sys.modules):
    del sys.modules[loaded]
gc.collect()
def look(name):
    module = __import__(name, None, None, ("*",))
    names, classes, values = dir(module), {}, {}
    for name in names:
        value = getattr(module, name)
        if isinstance(value, type):
            classes[name] = dir(value)
            members = [(name + "." + member, getattr(value, member, None)) for member in classes[name]]
        else:
            members = [(name, value)]
        values.update([(n, v) for n, v in members if isinstance(v, int) and not isinstance(v, bool)])
    print(json.dumps([names, classes, values]))
try:
    look(%r)
except ImportError:
    print("null")
"""


def _find(console: Console, module: str) -> tuple[set[str], dict[str, set[str]], dict[str, int]] | None:
    """Names of a module, members of its classes and values of its constants; None if the board has it not."""
    found = json.loads(console.run(_LOOK % module).splitlines()[-1])
    return found and (set(found[0]), {name: set(members) for name, members in found[1].items()}, found[2])


def _public(names: set[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def _compare(console: Console, module: str, expected: Module) -> list[str]:
    """What is different, by name."""
    found = _find(console, module)
    if found is None:
        return [module]
    names, classes, values = found
    differences = [f"{module}.{name}" for name in expected.names - names]
    differences += [f"{module}.{name}" for name in _public(names - expected.names) if module in _WHOLE]
    for owner, members in expected.members.items():
        if owner in classes:
            differences += [f"{module}.{owner}.{name}" for name in members - classes[owner]]
            more = _public(classes[owner] - members) if module in _WHOLE else ()
            differences += [f"{module}.{owner}.{name}" for name in more]
    differences += [f"{module}.{name}" for name, value in expected.values.items() if values.get(name, value) != value]
    return differences


def _differences(board: RunningBoard, version: str) -> set[str]:
    expected = stubs(version)
    with board.console() as console:
        console.prompt()
        return {
            name
            for module in sorted(expected.keys() - _NOT_IMPORTED)
            for name in _compare(console, module, expected[module])
        }


@pytest.mark.parametrize(
    ("image", "version", "deviations"),
    [
        ("romfs", "1.29.0.post1", _DEVIATIONS_1_28),
        ("plain", "1.29.0.post1", _DEVIATIONS_1_28),
        ("small", "1.19.1.post12", _DEVIATIONS_1_19),
    ],
)
def test_names(boards, image, version, deviations):
    found = _differences(boards("b", "--image", image), version)
    unexplained = {name for name in found if not any(fnmatch.fnmatchcase(name, known) for known in deviations)}
    assert not unexplained, sorted(unexplained)
    unused = {known for known in deviations if not fnmatch.filter(found, known)}
    assert not unused, f"no deviation any more: {sorted(unused)}"


@pytest.mark.parametrize("module", ["_thread", "argparse", "cmath", "termios"])
def test_modules_of_other_ports_are_not_there(board, module):
    with board.console() as console:
        console.prompt()
        _, trace = console.run_raw(f"import {module}")
        assert "ImportError" in trace
        assert module not in console.run("help('modules')").split()
