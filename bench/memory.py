"""What this node costs in heap: each module, and the whole node in steady state."""

from __future__ import annotations

from bench import modules, node32, node64, peers
from bench.report import Report, Table, progress
from bench.system import versions

IMAGES = {  # name: free bytes of 38,912 that are wanted
    "romfs": 25_000,
    "plain": 20_000,
    "small": 9_000,
}
_METHOD = """a module's cost is what its import retains after a collection, in an interpreter of its own in which all
that it imports is there already, and room for its names too (-: the build has it in another): on the
64-bit unix port, and on MicroPython for WebAssembly, whose words are as long as the chip's (within 14 %
of 32-bit builds where both were measured, mostly above). The whole node for 32 bits is the real boot.py,
main.py and modules on that interpreter, connected to a broker in memory, with a TSL2561 and NTP: its
figures, plus what the frozen modules cost on 32-bit builds, are taken from the 37,400 bytes that a bare
prompt has of 38,912. The whole node for 64 bits is a virtual Feather on a real Mosquitto; its heap is
twice as large, and half of what it has free flatters, since only pointers double, not bytes and text. The
smallest heap, in the chip's bytes, is found by halving: it has to publish its statistics ten seconds
after the start."""


def _modules() -> Table:
    table = Table(
        ["module", *(f"{bits} bits {form}" for bits in (32, 64) for form in (".py", ".mpy", "ROMFS"))],
        title="Retained bytes of each module",
    )
    progress("memory: the modules")
    costs = [modules.measure(form, bits) for bits in (32, 64) for form in modules.FORMS]
    for name in sorted({name for cost in costs for name in cost}):
        table.add(name, *(f"{cost[name]:,}" if name in cost else "-" for cost in costs))
    return table


def _parts(found: dict[str, node32.Parts]) -> Table:
    table = Table(
        ["image", "frozen", "modules", "main.py", "objects", "names", "pools", "free", "wanted"],
        title="The whole node in steady state, 32 bits, estimated",
    )
    for image, parts in found.items():
        cells = parts.frozen, parts.modules, parts.main, parts.objects, parts.names, parts.pools, parts.free
        table.add(image, *(f"{cell:,}" for cell in cells), f"{IMAGES[image]:,}")
    return table


def _whole(found: dict[str, node64.Whole]) -> Table:
    table = Table(
        ["image", "bare prompt", "free", "half of it", "smallest heap"],
        title="The whole node on the virtual Feather, 64 bits",
    )
    for image, whole in found.items():
        cells = whole.bare, whole.free, whole.chip, whole.smallest
        table.add(image, *("does not run" if cell is None else f"{cell:,}" for cell in cells))
    return table


def run() -> Report:
    """Measure every module and every image."""
    peers.get()
    estimated, whole = {}, {}
    for image in IMAGES:
        progress(f"memory: the whole node, {image}")
        estimated[image] = node32.measure(image)
        whole[image] = node64.measure(image)
    report = Report("memory", "Memory", _METHOD, versions=versions())
    report.tables = [_parts(estimated), _whole(whole), _modules()]
    report.headlines = [
        f"free of 38,912 bytes in steady state, {image} image: {estimated[image].free:,} (32 bits, estimated; "
        f"wanted: {wanted:,})"
        for image, wanted in IMAGES.items()
    ]
    return report
