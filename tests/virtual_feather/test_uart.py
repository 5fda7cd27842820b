"""What listens on the line: the program, the ROM loader, or a flasher stub that was left running."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from virtual_feather import slip
from virtual_feather.board import HARD_RESET
from virtual_feather.flash import Flash
from virtual_feather.uart import Uart

SYNC = slip.encode(struct.pack("<BBHI", 0, 8, 36, 0) + bytes.fromhex("07071220") + b"\x55" * 32)
READ_CHIP = slip.encode(struct.pack("<BBHII", 0, 0x0A, 4, 0, 0x40001000))
ERASE_FLASH = slip.encode(struct.pack("<BBHI", 0, 0xD0, 0, 0))


class Board:
    """The part of a board that the UART uses; keeps a log of the calls."""

    def __init__(self, flash: Flash) -> None:
        self.flash = flash
        self.identity = SimpleNamespace(mac=bytes.fromhex("5ccf7f0a1b2c"))
        self.powered = True
        self.done: list[object] = []
        self.sent = b""
        self.uart = Uart(self, self._send)

    def _send(self, data: bytes, busy_s: float) -> None:
        self.sent += data

    def type(self, data: bytes) -> None:
        self.done.append(data)

    def halt(self) -> None:
        self.done.append("halt")
        self.uart.halted()

    def reset(self, cause: int) -> None:
        assert cause == HARD_RESET
        self.uart.halted()
        self.done.append("reset")

    def power_off(self) -> None:
        self.powered = False
        self.uart.halted()

    def take(self) -> tuple[list[object], bytes]:
        """The calls, and the bytes sent, since the last take()."""
        done, sent, self.done, self.sent = self.done, self.sent, [], b""
        return done, sent


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    flash = Flash(tmp_path / "flash.bin", 1 << 20)
    yield Board(flash)
    flash.close()


def _start_stub(board: Board) -> None:
    code = b"code OHAI code.."
    begin = struct.pack("<BBHI4I", 0, 5, 16, 0, len(code), 1, 0x1800, 0x4010D000)
    check = 0xEF
    for byte in code:
        check ^= byte
    data = struct.pack("<BBHI4I", 0, 7, 16 + len(code), check, len(code), 0, 0, 0) + code
    end = struct.pack("<BBHI2I", 0, 6, 8, 0, 0, 0x4010D004)
    board.uart.receive(b"".join(map(slip.encode, (begin, data, end))))
    assert board.take()[1].endswith(slip.encode(b"OHAI"))


def test_a_program_gets_what_is_typed_and_prints(board: Board) -> None:
    board.uart.receive(b"print(1)\r")
    board.uart.print(b"1\r\n")
    assert board.take() == ([b"print(1)\r"], b"1\r\n")
    assert board.uart.baud == 115200


def test_sync_starts_the_loader_and_silences_the_program(board: Board) -> None:
    board.uart.receive(SYNC, 74880)
    done, sent = board.take()
    assert done == ["halt"]
    assert sent.count(b"\xc0\x01\x08") == 8
    assert board.uart.in_loader and board.uart.baud == 74880
    board.uart.print(b"late words of the program")
    assert board.take() == ([], b"")


def test_sync_may_come_in_pieces(board: Board) -> None:
    for i in range(len(SYNC)):
        board.uart.receive(SYNC[i : i + 1])
    assert board.uart.in_loader


@pytest.mark.parametrize("typed", [b"\xc0\x00", b"\xc0\x00\x08\x25\x00", b"\xc0" * 10, "é".encode() * 100])
def test_other_bytes_do_not(board: Board, typed: bytes) -> None:
    board.uart.receive(typed)
    assert board.take()[0] == [typed]


def test_on_a_port_with_reset_lines_no_byte_resets(board: Board) -> None:
    board.uart.receive(SYNC, 115200, True)
    assert board.take() == ([SYNC], b"")


def test_a_client_that_closes_the_path_resets(board: Board) -> None:
    board.uart.receive(SYNC)
    board.take()
    board.uart.closed()
    assert board.take()[0] == ["reset"]
    assert not board.uart.in_loader
    board.uart.closed()
    assert board.take()[0] == [], "a terminal that closes resets nothing"


def test_a_client_killed_in_a_frame_leaves_a_board_for_the_next(board: Board) -> None:
    board.uart.receive(SYNC + READ_CHIP[:7])
    board.uart.closed()
    board.take()
    board.uart.receive(b"help()\r")
    assert board.take()[0] == [b"help()\r"]
    board.uart.receive(SYNC)
    assert board.take()[1].count(b"\xc0\x01\x08") == 8


def test_a_stub_that_was_left_is_taken_up_again(board: Board) -> None:
    board.uart.receive(SYNC)
    _start_stub(board)
    board.uart.closed()
    board.take()
    board.uart.receive(READ_CHIP)
    done, sent = board.take()
    assert done == ["halt"]
    assert struct.pack("<I", 0xFFF0C101) in sent
    board.uart.closed()
    board.uart.halted()
    board.take()
    board.uart.receive(READ_CHIP)
    assert board.take() == ([READ_CHIP], b""), "a reset ends it"


def test_the_button_ends_the_loader(board: Board) -> None:
    board.uart.receive(SYNC)
    board.reset(HARD_RESET)
    board.take()
    board.uart.receive(b"1\r")
    assert board.take()[0] == [b"1\r"]


def test_reset_lines(board: Board) -> None:
    board.uart.hold()
    board.uart.start(loader=True)
    assert board.take()[0] == ["halt"]
    board.uart.receive(SYNC, 115200, True)
    assert board.take()[1].count(b"\xc0\x01\x08") == 8
    board.uart.closed()
    assert board.uart.in_loader, "another client's path says nothing about lines"
    board.uart.hold()
    board.uart.start(loader=False)
    assert board.take()[0] == ["halt", "reset"]


def test_a_board_without_power_is_silent(board: Board) -> None:
    board.power_off()
    board.uart.receive(SYNC)
    board.uart.start(loader=True)
    assert not board.uart.in_loader
    assert board.take()[1] == b""


def test_a_power_cut_in_a_loader(board: Board) -> None:
    board.uart.receive(SYNC)
    _start_stub(board)
    board.flash.program(0, bytes(board.flash.size))
    board.flash.cut_after = 300_000
    board.uart.receive(ERASE_FLASH)
    assert not board.powered and not board.uart.in_loader
    assert board.flash.read(299_990, 20) == b"\xff" * 10 + bytes(10)
    assert board.take()[1] == b""


def test_told_to_run_the_program(board: Board) -> None:
    board.uart.receive(SYNC)
    board.take()
    board.uart.receive(slip.encode(struct.pack("<BBHII", 0, 4, 4, 0, 0)))
    assert board.take()[0] == ["reset"]
