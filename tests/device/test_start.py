import os
import sys

import machine
import node
from node import resets
from node.faults import CONFIG, CRASH


def begin(config, crashes=0):
    """A start in a folder with that config.json, after so many crashes."""
    machine.RTC.contents = b""
    machine.cause = machine.PWRON_RESET
    from node.start import look_back

    for _ in range(crashes):
        look_back()
        resets.note(resets.STARTED)
        try:
            resets.reset(resets.WATCHDOG, "led")
        except machine.Reset:
            pass
    folder = os.getcwd()
    os.mkdir(FOLDER)
    os.chdir(FOLDER)
    try:
        if config is not None:
            with open("config.json", "w") as f:
                f.write(config)
        from node import start

        return start.begin()
    finally:
        if config is not None:
            os.remove("config.json")
        os.chdir(folder)
        os.rmdir(FOLDER)


FOLDER = "/tmp/node-start-%d" % __import__("time").time_ns()


def test_all_is_well():
    config, faults, why = begin('{"client_id": "n"}')
    assert config["client_id"] == "n" and len(config["sensors"]) == 1
    assert faults.current is None and why == "power"
    for name in ("schema", "settings", "start"):
        assert "node." + name not in sys.modules and not hasattr(node, name)


def test_a_wrong_setting_is_a_fault_and_the_rest_can_speak():
    config, faults, _ = begin('{"wifi": {"ssid": "home"}, "pins": {"led": 3}}')
    assert faults.current == (CONFIG, "pins.led must be one of 0, 2, 4, 5, 12, 13, 14, 15, 16")
    assert config["wifi"]["ssid"] == "home" and config["sensors"] == []


def test_no_config_leaves_nothing_to_speak_with():
    config, faults, _ = begin(None)
    assert faults.current[0] == CONFIG and config["wifi"] is None and config["pins"]["led"] == 0


def test_a_crash_of_the_last_run_is_told():
    config, faults, why = begin("{}", crashes=2)
    assert faults.current == (CRASH, "watchdog: led") and why == "watchdog: led"
    assert len(config["sensors"]) == 1


def test_the_fourth_start_after_three_crashes_is_a_safe_one():
    config, faults, _ = begin("{}", crashes=3)
    assert faults.current == (CRASH, "safe start after 3 crashes: watchdog: led")
    assert config["sensors"] == [] and config["wifi"]
