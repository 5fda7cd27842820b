"""The control socket and the verbs behind it, without a processor: the board has no power."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waits import LIMIT_S

from virtual_feather.board import Board, Identity
from virtual_feather.control import Command, ControlServer, control
from virtual_feather.errors import UserError
from virtual_feather.reactor import Reactor
from virtual_feather.verbs import VERBS
from virtual_feather.world import World

ROOT = Path(__file__).resolve().parents[2]
MAC = bytes.fromhex("5ccf7f0a1b2c")


class Served:
    """A server with a loop of its own."""

    def __init__(self, state: Path, execute: Callable[[Command], bytes]) -> None:
        self.state = state
        self.reactor = Reactor()
        self.server = ControlServer(self.reactor, state, execute)
        self._thread = threading.Thread(target=self.reactor.run)
        self._thread.start()

    def close(self) -> None:
        self.reactor.stop()
        self._thread.join(LIMIT_S)
        self.server.close()
        self.reactor.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    served: list[Served] = []

    def start(execute: Callable[[Command], bytes], folder: str = "state") -> Served:
        state = tmp_path / folder
        state.mkdir(parents=True, exist_ok=True)
        served.append(Served(state, execute))
        return served[-1]

    yield start
    for one in served:
        one.close()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    reactor = Reactor()
    board = Board(reactor, tmp_path, Identity(MAC))
    yield board
    board.close()
    reactor.close()


@pytest.fixture
def world(board: Board) -> World:
    return World(board._reactor, board)


def _ctl(*words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "virtual_feather", "ctl", *words]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, timeout=LIMIT_S)


def test_a_command_arrives_as_it_was_given(serve: Callable[..., Served]) -> None:
    got: list[Command] = []

    def execute(command: Command) -> bytes:
        got.append(command)
        return b"\x00\xff\n"

    command = Command("put", ["a", "b"], {"ratio": "0.5"}, bytes(range(256)) * 1000)
    assert control(serve(execute).state, command) == b"\x00\xff\n"
    assert got == [command]


def test_an_error_comes_back_with_its_status(serve: Callable[..., Served]) -> None:
    def execute(command: Command) -> bytes:
        raise UserError("not now", 2)

    with pytest.raises(UserError, match="not now") as caught:
        control(serve(execute).state, Command("light"))
    assert caught.value.status == 2


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no board is running in .*: start it"):
        control(tmp_path, Command("status"))
    (tmp_path / "control").touch()
    with pytest.raises(UserError, match="no board is running"):
        control(tmp_path / "not there", Command("status"))


def test_a_socket_that_a_killed_board_left_is_replaced(
    serve: Callable[..., Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").mkdir()
    monkeypatch.chdir(tmp_path)  # the path of a socket has to be short
    with socket.socket(socket.AF_UNIX) as left:
        left.bind("state/control")
    assert control(serve(lambda command: b"new").state, Command("status")) == b"new"


def test_a_path_too_long_for_a_socket(serve: Callable[..., Served]) -> None:
    served = serve(lambda command: b"ok", "x" * 120)
    assert control(served.state, Command("status")) == b"ok"


def test_one_who_connects_and_says_nothing_holds_nobody_up(
    serve: Callable[..., Served], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve(lambda command: b"ok")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as cut:
        silent.connect("state/control")
        cut.connect("state/control")
        cut.send(b'{"verb": "li')
        for noise in (b"\n", b"[]\n", b"hello\n", b'{"verb": 1}\n', b'{"data": 5}\n', b"\xff\xfe\n"):
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect("state/control")
                stranger.send(noise)
                assert stranger.recv(100) == b""
        assert control(served.state, Command("status")) == b"ok"
    assert control(served.state, Command("status")) == b"ok"


def test_every_verb_has_its_method() -> None:
    assert {f"_do_{verb}" for verb in VERBS} == {name for name in dir(World) if name.startswith("_do_")}


def test_help_names_every_verb_and_the_exit_status() -> None:
    shown = _ctl("--help").stdout.decode()
    for verb, (takes, does) in VERBS.items():
        assert f"  {verb} {takes}".rstrip() in shown and does in shown
    assert "exit status: 0 done, 1" in shown


def test_exit_status_and_sentence() -> None:
    done = _ctl("--state", "/nonexistent", "status")
    assert done.returncode == 1
    assert done.stderr.decode().startswith("virtual_feather: no board is running in /nonexistent")
    assert _ctl("--state", "/nonexistent", "put", "/nonexistent/file", "main.py").stderr.endswith(
        b"/nonexistent/file cannot be read: No such file or directory\n"
    )
    assert _ctl("status").returncode == 2, "no --state"


@pytest.mark.parametrize(
    "words",
    [
        "light", "light bright", "light -1", "light nan", "light 1 0.3", "chip", "chip X", "chip T 0x30", "chip T y",
        "i2c", "i2c broken", "wifi", "wifi up", "wifi on home", "adc", "adc high", "runapp", "runapp press",
        "wire gpio16", "wire gpio5 on", "led now", "reset now", "power", "power up", "power on 5", "power cut",
        "power cut x", "power cut -1", "get", "status all", "plug", "plug x", "plug tsl2561", "unplug bme280",
        "clock", "clock soon", "clock -1", "clock nan", "clock 60",
        "set humidity", "set humidity 101", "set pressure x", "set colour 1", "pin 14", "pin 6 low", "pin 14 up",
    ],
)  # fmt: skip
def test_misuse_is_answered_with_the_usage(world: World, words: str) -> None:
    verb, *arguments = words.split()
    with pytest.raises(UserError) as caught:
        world.execute(Command(verb, arguments))
    assert caught.value.status == 2
    assert f"usage: ctl {verb} {VERBS[verb].takes}".rstrip() in str(caught.value)


def test_an_unknown_verb(world: World) -> None:
    with pytest.raises(UserError, match="no verb 'dance': it takes light, chip, ") as caught:
        world.execute(Command("dance"))
    assert caught.value.status == 2


def test_an_option_of_another_verb(world: World) -> None:
    with pytest.raises(UserError, match="usage: ctl wifi"):
        world.execute(Command("wifi", ["on"], {"ratio": "0.3"}))


def test_what_needs_power_or_an_image(world: World, board: Board) -> None:
    with pytest.raises(UserError, match="power on"):
        world.execute(Command("reset"))
    with pytest.raises(UserError, match="no image in the flash"):
        world.execute(Command("get", ["main.py"]))
    assert not board.powered


def test_status_shows_what_was_set(world: World) -> None:
    for words in ("light 12.5", "chip CS 0x29", "i2c stuck", "runapp hold", "wire gpio16 on", "power cut 7"):
        verb, *arguments = words.split()
        assert world.execute(Command(verb, arguments)) == b""
    status = json.loads(world.execute(Command("status")))
    expected = {
        "power": False, "running": False, "mac": MAC.hex(), "light": 12.5, "chips": ["tsl2561cs@0x29"], "i2c": "stuck",
        "runapp": "hold", "gpio16": "on", "cut_after": 7, "led": "off",
    }  # fmt: skip
    assert {name: status[name] for name in expected} == expected


def test_chips_wires_and_air(world: World, board: Board) -> None:
    for words in ("set temperature -7.5", "unplug tsl2561", "plug bme280", "plug dht22@14", "pin 13 low"):
        verb, *arguments = words.split()
        assert world.execute(Command(verb, arguments)) == b""
    status = json.loads(world.execute(Command("status")))
    expected = {"temperature": -7.5, "humidity": 45.0, "pressure": 1013.25, "chips": ["bme280", "dht22@14"]}
    assert {name: status[name] for name in expected} == expected
    assert board.gpio.held(13) == 0
    world.execute(Command("pin", ["13", "open"]))
    assert board.gpio.held(13) is None


def test_a_wrong_chip_leaves_the_old_one(world: World) -> None:
    with pytest.raises(UserError, match="no address"):
        world.execute(Command("chip", ["T", "0x30"]))
    assert json.loads(world.execute(Command("status")))["chips"] == ["tsl2561"]


def test_chips_to_begin_with(board: Board) -> None:
    world = World(board._reactor, board, ("sht31", "ds18b20@14@2"))
    assert json.loads(world.execute(Command("status")))["chips"] == ["sht31", "ds18b20@14@2"]
    with pytest.raises(UserError, match="there is no x, but tsl2561, "):
        World(board._reactor, board, ("x",))


def test_a_level_ends_the_day_and_a_wrong_one_does_not(world: World, board: Board) -> None:
    world.execute(Command("light", ["day"]))
    with pytest.raises(UserError):
        world.execute(Command("light", ["-5"]))
    assert world._sun is not None
    world.execute(Command("light", ["5"]))
    assert world._sun is None
