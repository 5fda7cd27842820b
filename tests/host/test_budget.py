"""bench/budget.toml is kept, and its check bites. To set it anew: python -m bench.budget --write"""

from __future__ import annotations

import shutil

import pytest

from bench import budget, modules
from bench.interpreters import have32
from host.image.images import LAYOUTS

_LIMITS = {"a": {"mpy": 128, "romfs": 64}, "b": {"mpy": 0, "romfs": 0}}


def test_every_module_keeps_its_limit():
    assert budget.over(budget.measure(), budget.load()[1]) == []


@pytest.mark.skipif(not have32(), reason="MicroPython with 32-bit words is not here: bench/bench.sh memory gets it")
@pytest.mark.parametrize("image", LAYOUTS)
def test_the_whole_node_leaves_enough(image):
    assert budget.under({image: budget.measure_free(image)}, {image: budget.load()[0][image]}) == []


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        (_LIMITS, []),
        (_LIMITS | {"a": {"mpy": 129, "romfs": 64}}, ["a retains 129 bytes of heap as mpy, 1 more than it may"]),
        (_LIMITS | {"a": {"mpy": 0, "romfs": 96}}, ["a retains 96 bytes of heap as romfs, 32 more than it may"]),
        (_LIMITS | {"c": {"mpy": 0, "romfs": 0}}, ["c has no limit in budget.toml"]),
        ({"a": _LIMITS["a"]}, ["b has a limit in budget.toml, but is no module"]),
    ],
)
def test_says_which_module_does_not_keep_its_limit(costs, said):
    assert budget.over(costs, _LIMITS) == said


def test_says_which_image_has_too_little_left():
    assert budget.under({"plain": 100}, {"plain": 100}) == []
    (said,) = budget.under({"plain": 90}, {"plain": 100})
    assert said == "the node leaves 90 bytes of heap on the image plain, 10 too few"


def test_what_is_written_is_kept_by_what_it_was_written_for(tmp_path):
    free, costs = {"plain": 20_000, "small": -100}, {"node.a": {"mpy": 1000, "romfs": 0}}
    (tmp_path / "budget.toml").write_text(budget.text(free, costs))
    limit_free, limits = budget.load(tmp_path / "budget.toml")
    assert budget.under(free, limit_free) == budget.over(costs, limits) == []
    assert 19_000 < limit_free["plain"] < 20_000 and 1000 < limits["node.a"]["mpy"] < 1100


def test_a_module_that_grows_is_measured_so(monkeypatch):
    """Ten more functions in one module: dearer on a file system than from ROMFS, and no other module pays."""
    grown = b"".join(b"def f%d():\n    return 'a text that is longer than ten characters'\n" % i for i in range(10))
    before = modules.measure("py", 64)
    sources = dict(modules.board_modules("py"))
    sources["lib/node/sensors/sht31.py"] += grown
    monkeypatch.setattr(modules, "board_modules", lambda _: sources)
    after = modules.measure("py", 64)
    assert after["node.sensors.sht31"] - before["node.sensors.adc"] > 500
    assert [name for name in before if abs(after[name] - before[name]) > 64] == ["node.sensors.sht31"]


def test_have32_asks_for_both(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert not have32()
