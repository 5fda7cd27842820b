"""node.start: the settings, checked once after each change, and how the node reacts to its last runs."""

import builtins
import json
import os
import sys

import machine
import node
from folder import Folder
from node import config_file, last_run, settings, start
from node.faults import Faults
from replaced import Replaced

KEPT = "config.ok"


class Board(Folder):
    """A board with a config.json, in a folder of its own; its RTC memory is as after power-on."""

    def __init__(self, config):
        self.config = config

    def __enter__(self):
        machine.RTC.contents = b""
        machine.cause = machine.PWRON_RESET
        super().__enter__()
        if self.config is not None:
            write("config.json", self.config)
        return self

    def begin(self):
        return begin_with(settings)

    def start(self, resets=1):
        """Start, and start again after each reset; there must be `resets` resets."""
        for _ in range(resets):
            try:
                self.begin()
                raise AssertionError("no reset")
            except machine.Reset:
                machine.cause = machine.SOFT_RESET
        return self.begin()

    def crash(self, times):
        for _ in range(times):
            last_run.look_back()
            last_run.note(b"begun")
            try:
                last_run.reset("watchdog", "led")
            except machine.Reset:
                pass


def write(name, text):
    with open(name, "w") as f:
        f.write(text)


def read(name):
    with open(name) as f:
        return f.read()


def test_all_is_well():
    with Board('{"client_id": "n"}') as board:
        config, state, why = board.start()
        assert config["client_id"] == "n" and len(config["sensors"]) == 1
        assert state.current is None and state.rows is None and why == "restart: config"


def test_the_check_is_made_once_a_change():
    with Board('{"client_id": "n"}') as board:
        first = board.start(resets=1)[0]
        made = read(KEPT)
        for _ in range(3):
            assert board.start(resets=0)[0] == first
        assert read(KEPT) == made
        write("config.json", '{"client_id": "other"}')
        assert board.start(resets=1)[0]["client_id"] == "other"
        assert read(KEPT) != made
        assert board.start(resets=0)[0]["client_id"] == "other"


def test_it_is_made_again_for_another_version_of_the_firmware():
    with Board("{}") as board:
        board.start()
        with Replaced(settings, "VERSION", "99"):
            board.start()


def test_what_is_kept_is_what_the_check_gives():
    text = '{"client_id": "n", "mqtt": {"server": ["a", "b"]}, "sensors": [{"driver": "switch", "pin": 14}]}'
    with Board(text) as board:
        config = board.start()[0]
        assert config == config_file.load()


def test_a_file_that_was_cut_is_as_good_as_none():
    with Board('{"client_id": "n"}') as board:
        board.start()
        whole = read(KEPT)
        for size in list(range(0, 80)) + list(range(80, len(whole), 37)) + [len(whole) - 1]:
            write(KEPT, whole[:size])
            assert board.start(resets=1)[0]["client_id"] == "n", size
            assert read(KEPT) == whole, size


def test_what_somebody_else_put_there_is_ignored():
    for text in ("", "\n", "x" * 64 + "\n{}", "[]", "{}"):
        with Board('{"client_id": "n"}') as board:
            write(KEPT, text)
            assert board.start(resets=1)[0]["client_id"] == "n", text


class Full:
    """Replaces open(): a file system with room for so many more bytes. An empty file can always be made."""

    def __init__(self, room):
        self.room = room
        self.open = builtins.open

    def __call__(self, name, mode="r", **options):
        file = self.open(name, mode, **options)
        return FullFile(file, self) if "w" in mode else file


class FullFile:
    def __init__(self, file, system):
        self.file = file
        self.system = system

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, data):
        taken = min(len(data), self.system.room)
        self.file.write(data[:taken])
        self.system.room -= taken
        if taken < len(data):
            raise OSError(28)  # ENOSPC
        return taken


def begin_full(room):
    settings.open = Full(room)
    try:
        # The C function json.dump() needs a real stream: this function writes the same text.
        with Replaced(settings, "json", Json):
            return begin_with(settings)
    finally:
        del settings.open


def begin_with(settings):
    """Start; return settings, faults, why."""
    state = Faults()
    config = settings.get(state)
    why, state.rows = start.begin(config, state)
    return config, state, why


class Json:
    load = json.load

    @staticmethod
    def dump(value, file):
        file.write(json.dumps(value))


def test_a_full_file_system_costs_the_check_at_each_start_and_nothing_else():
    for room in (0, 10, 65, 66, 300):
        with Board('{"client_id": "n"}') as board:
            for _ in range(3):
                config, state, why = begin_full(room)  # no reset
                assert config["client_id"] == "n" and len(config["sensors"]) == 1
                assert state.current is None and why == "power"
                for name in ("schema", "config_file"):  # the modules that check them were dropped
                    assert "node." + name not in sys.modules and not hasattr(node, name)
            assert board.start(resets=1)[0]["client_id"] == "n"  # there is room again


def test_a_file_that_does_not_read_back_is_no_reset_loop():
    with Board("{}"), Replaced(settings, "read", lambda: None):
        for _ in range(3):
            assert len(begin_with(settings)[0]["sensors"]) == 1


def test_a_wrong_setting_is_a_fault_and_the_rest_can_speak():
    with Board('{"wifi": {"ssid": "home"}, "pins": {"led": 3}}') as board:
        for _ in range(2):
            config, state, why = board.start(resets=0)
            assert state.current == (8, "pins.led must be one of 0, 2, 4, 5, 12, 13, 14, 15, 16")
            assert config["wifi"]["ssid"] == "home" and config["sensors"] == []
            assert KEPT not in os.listdir()
        write("config.json", '{"wifi": {"ssid": "home"}}')
        config, state, _ = board.start(resets=1)
        assert state.current is None and len(config["sensors"]) == 1
        write("config.json", '{"wifi": {"ssid": "home"}, "pins": {"led": 3}}')
        assert board.start(resets=0)[1].current[0] == 8  # the earlier good check does not count


def test_no_config_leaves_nothing_to_speak_with():
    with Board(None) as board:
        config, state, _ = board.start(resets=0)
        assert state.current[0] == 8 and config["wifi"] is None and config["pins"]["led"] == 0 and state.rows == 2
    with Board("{}") as board:
        board.start()
        os.remove("config.json")
        assert board.start(resets=0)[1].current[0] == 8


def test_a_crash_of_the_last_run_is_told():
    with Board("{}") as board:
        board.start()
        board.crash(2)
        config, state, why = board.start(resets=0)
        assert state.current == (6, "watchdog: led") and why == "watchdog: led"
        assert len(config["sensors"]) == 1


def test_the_fourth_start_after_three_crashes_is_a_safe_one():
    with Board("{}") as board:
        board.start()
        board.crash(3)
        config, state, _ = board.start(resets=0)
        assert state.current == (6, "safe start after 3 crashes: watchdog: led")
        assert config["sensors"] == [] and config["wifi"] and state.rows == 4  # no row for the sensors


def test_a_safe_start_tells_of_wrong_settings_first():
    with Board('{"pins": {"led": 3}}') as board:
        board.crash(3)
        config, state, _ = board.start(resets=0)
        assert state.current[0] == 8 and config["sensors"] == []
        state.clear("config")
        assert state.current == (6, "safe start after 3 crashes: watchdog: led")


def test_what_the_session_is_given():
    mqtt = '{"server": "broker", "user": "ann", "password": "s"}'
    with Board('{"client_id": "n", "mqtt": %s, "ntp": "pool"}' % mqtt) as board:
        config = board.start()[0]
    sta, client_id, mac = start.identify(config)
    assert client_id == b"n" and mac == b"5ccf7f1a2b3c" and not sta.isconnected()
    found = start.settings(config)
    assert found.pop("sleep") == config["sleep"]
    assert found == {"server": ["broker"], "ntp": "pool", "stats_s": 300, "homeassistant": False}
    config["client_id"] = None
    config["mqtt"]["server"] = ["a", "b"]
    assert start.identify(config)[1] == b"feather-1a2b3c"
    assert start.settings(config)["server"] == ["a", "b"]
