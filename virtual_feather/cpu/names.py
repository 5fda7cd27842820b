"""What the interpreter offers and an ESP8266 image does not, and the other way round for its modules.

Taken from the names that the firmware itself listed (the stubs of micropython-stubs for v1.19.1 and v1.28.0).
"""

from __future__ import annotations

# Modules that no image has.
_FOREIGN_MODULES = {"_thread", "argparse", "cmath", "termios"}
# Modules of the 2 MiB images beside those that an image lists itself.
_LARGE_MODULES = {"requests", "urequests", "urllib"}
# Modules that came after v1.19.1, and those that had gone by v1.28.
_LATER_MODULES = {"_asyncio", "_espnow", "asyncio", "deflate", "espnow", "mip", "platform", "requests", "vfs"}
_EARLIER_MODULES = {"utimeq", "uzlib", "websocket_helper", "zlib"}
_OPTIONAL_MODULES = {"asyncio", "ssd1306", "umqtt.robust", "umqtt.simple", "upysh"}

# Names by the symbol of their module or type.
_FOREIGN_NAMES = {
    "mp_module_binascii": "crc32",
    "mp_module_builtins": "NotImplemented compile complex execfile",
    "mp_module_hashlib": "md5",
    "mp_module_math": "acosh asinh atanh cosh erf erfc expm1 factorial gamma inf isclose lgamma log10 log2 nan sinh "
    "tanh tau",
    "mp_module_micropython": "mem_current mem_peak mem_total",
    "mp_module_os": "system getenv putenv unsetenv errno VfsPosix VfsLfs1",
    "mp_module_random": "choice randint random randrange uniform",
    "mp_module_socket": "AF_UNIX MSG_DONTROUTE SO_ERROR SO_KEEPALIVE SO_LINGER sockaddr inet_pton inet_ntop",
    "mp_module_sys": "atexit exc_info executable ps1 ps2",
    "mp_module_time": "clock",
    "mp_module_tls": "CERT_OPTIONAL CERT_REQUIRED MBEDTLS_VERSION PROTOCOL_DTLS_CLIENT PROTOCOL_DTLS_SERVER",
    "mp_module_vfs": "VfsPosix VfsLfs1",
    "mp_type_bytes": "center partition rpartition splitlines",
    "mp_type_str": "center partition rpartition splitlines",
}
_LATER_NAMES = {
    "mp_module_micropython": "RingIO",
    "mp_module_os": "VfsFat sep",
    "mp_type_deque": "appendleft extend pop",
}

Release = tuple[int, ...]


def release(version: str) -> Release:
    """ "v1.28.0" as numbers."""
    return tuple(int(part) for part in version.removeprefix("v").split("-")[0].split("."))


def _before_asyncio(release: Release) -> bool:
    """Before v1.21, which renamed the modules and brought most of what came since."""
    return release < (1, 21)


def absent_modules(release: Release, frozen: tuple[str, ...]) -> frozenset[str]:
    """Modules that an image does not have. frozen: those of the optional ones that it lists, e.g. "umqtt.simple"."""
    absent = _FOREIGN_MODULES | (_OPTIONAL_MODULES - set(frozen))
    if "umqtt.simple" in absent:
        absent |= _LARGE_MODULES
    if "asyncio" in absent:
        absent |= {"_asyncio", "uasyncio"}
    return frozenset(absent | (_LATER_MODULES if _before_asyncio(release) else _EARLIER_MODULES))


def absent_names(release: Release) -> dict[str, set[str]]:
    """Names that the port's builtin modules and types do not have, by symbol."""
    absent = {symbol: set(names.split()) for symbol, names in _FOREIGN_NAMES.items()}
    if _before_asyncio(release):
        for symbol, names in _LATER_NAMES.items():
            absent[symbol] = absent.get(symbol, set()) | set(names.split())
    return absent
