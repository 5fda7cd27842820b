"""The limits of the chip that a program runs into on the virtual Feather too."""

from __future__ import annotations

import pytest

# The program of MicroPython's issue 2927, with which the ESP8266 gets 19 deep.
_DIVE = """
def dive():
    global depth, failed
    depth += 1
    if not failed:
        try:
            dive()
        except:
            failed = True
def dive_and_tell(_=None):
    global depth, failed
    depth, failed = 0, False
    dive()
    print(depth)
"""


@pytest.mark.parametrize("image", ["romfs", "small"])
def test_calls_get_as_deep_as_on_the_chip(boards, image):
    with boards("b", "--image", image).console() as console:
        console.prompt()
        console.run(_DIVE)
        assert console.run("depth, failed = 0, False\ndive()\nprint(depth)") == "19\n"


def test_a_callback_has_the_stack_that_the_sleep_under_it_leaves(board):
    with board.console() as console:
        console.prompt()
        console.run(_DIVE + "import time\nfrom machine import Timer\nt = Timer(-1)\n")
        found = console.run("t.init(mode=0, period=20, callback=dive_and_tell)\ntime.sleep_ms(100)")
    assert 15 <= int(found) <= 18, "Python's own frames, which the chip has not, do not count"


def test_imports_within_imports_need_no_more_stack_than_on_the_chip(board):
    names = [f"m{i}" for i in range(3)]
    with board.console() as console:
        console.prompt()
        for name, inner in zip(names, [*names[1:], "asyncio"], strict=True):
            console.run(f"with open('{name}.py', 'w') as f: f.write('import {inner}\\n')")
        assert console.run("import m0; print(m0.m1.m2.asyncio.sleep_ms)").startswith("<function")
        console.run(_DIVE)
        assert console.run("depth, failed = 0, False\ndive()\nprint(depth)") == "19\n", "imports give it back"
