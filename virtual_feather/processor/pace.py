"""A model of the ESP8266's speed: how long the chip takes for what the processor executes. Fitted by bench/pace.py.

A processor built for this counts the branches of MicroPython's and lwIP's compiled code, by kind of code: sdk/pace.c.
"""

from __future__ import annotations

from dataclasses import dataclass

FLAG = "-fsanitize-coverage=trace-pc"  # for the compiler, gcc or clang: code calls CALLED at every branch
CALLED = "__sanitizer_cov_trace_pc"


@dataclass(frozen=True, slots=True)
class Kind:
    """Code whose branches take about the same time on the chip."""

    name: str
    ns: int  # for each branch, on an ESP8266 at 80 MHz
    calls: str = CALLED  # function of sdk/pace.c that counts it
    objects: tuple[str, ...] = ()  # its object files in the port's build; none: all others


KINDS = (
    Kind("other code", 142),
    Kind("names: maps and interned strings", 390, "pace_names", ("py/map.o", "py/qstr.o")),
    Kind("long integers", 225, "pace_long_integers", ("py/mpz.o",)),
    # Without names in e: ef_sqrt.o finds a root bit by bit with integers; erf_lgamma.o and ef_rem_pio2.o are rare.
    Kind("functions of floats", 3200, "pace_floats", ("lib/libm/[!e]*.o",)),
)
NS_PER_BRANCH = tuple(kind.ns for kind in KINDS)
