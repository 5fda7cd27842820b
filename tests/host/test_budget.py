"""bench/budget.toml is kept, and its check finds a breach. To write it anew: python -m bench.budget --write"""

from __future__ import annotations

import pytest

from bench import budget, modules
from bench.compiled import compile_file
from bench.system import ROOT
from host.image.images import LAYOUTS

_LIMITS = {"a": {"mpy": 128, "romfs": 64}, "b": {"mpy": 0, "romfs": 0}}


def test_every_module_keeps_its_limit():
    assert budget.over(budget.measure_modules(), budget.load()[1]) == []


@pytest.mark.parametrize("image", LAYOUTS)
def test_the_whole_node_leaves_enough(image):
    assert budget.under({image: budget.measure_free(image)}, budget.load()[0]) == []


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
    limits = {"plain": {"steady": 100, "least": 10}, "romfs": {"steady": 1000, "least": 1000}}
    assert budget.under({"plain": {"steady": 100, "least": 10}}, limits) == []
    (said,) = budget.under({"plain": {"steady": 100, "least": 4}}, limits)
    assert said == "the node leaves 4 bytes of heap on the image plain (least), 6 too few"


def test_what_is_written_is_kept_by_what_it_was_written_for(tmp_path):
    free, costs = {"plain": {"steady": 20_000, "least": 100}}, {"node.a": {"mpy": 1000, "romfs": 0}}
    (tmp_path / "budget.toml").write_text(budget.text(free, costs))
    limit_free, limits = budget.load(tmp_path / "budget.toml")
    assert budget.under(free, limit_free) == budget.over(costs, limits) == []
    assert 19_000 < limit_free["plain"]["steady"] < 20_000 and limits == costs


def test_a_module_that_grows_is_measured_so(tmp_path):
    """Ten more functions in one module change no other module's number."""
    source = (ROOT / "firmware/lib/node/sensors/sht31.py").read_text()
    source += "".join(f"def f{i}():\n    return 'a text that is longer than ten characters'\n" for i in range(10))
    (tmp_path / "sht31.py").write_text(source)
    made = modules.firmware("mpy")
    before = modules.measure("mpy", made)
    made.flash["lib/node/sensors/sht31.mpy"] = compile_file(tmp_path / "sht31.py", "node.sensors.sht31")
    after = modules.measure("mpy", made)
    assert after["node.sensors.sht31"] - before["node.sensors.sht31"] > 400
    assert [name for name in before if abs(after[name] - before[name]) > 64] == ["node.sensors.sht31"]
