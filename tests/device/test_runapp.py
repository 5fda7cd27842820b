"""RunApp while the node runs, and what a command asks for."""

import asyncio

from clock import Clock
from node.board import RunApp
from node.faults import Faults
from node.supervisor import Stop


async def test_watch_stops_the_node_within_half_a_second():
    clock = Clock()
    run_app = RunApp(12)
    task = asyncio.create_task(clock.drive(run_app.watch, Faults()))
    await clock.sleep_ms(2000)
    assert not task.done()
    run_app.pin(0)
    closed = clock.elapsed_ms()
    try:
        await task
        raise AssertionError
    except Stop as e:
        assert e.args == ("RunApp is held",)
    assert clock.elapsed_ms() - closed <= 500


async def test_a_spike_does_not_stop_it():
    clock = Clock()
    levels = [0 if i % 3 == 0 else 1 for i in range(60)]
    run_app = RunApp(12)
    run_app.pin = lambda: levels.pop(0) if levels else 1
    task = asyncio.create_task(clock.drive(run_app.watch, Faults()))
    while levels:
        await clock.sleep_ms(200)
    assert not task.done()
    task.cancel()


async def test_a_restart_that_is_wanted_ends_the_node_and_resets_the_board():
    clock = Clock()
    faults = Faults()
    task = asyncio.create_task(clock.drive(RunApp(12).watch, faults))
    await clock.sleep_ms(1000)
    assert not task.done()
    faults.restart = "restart command"
    try:
        await task
        raise AssertionError
    except Stop as e:
        assert e.args == ("restart command", True)
