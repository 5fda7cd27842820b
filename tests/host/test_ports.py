"""Finding the serial port, and saying why it cannot be used."""

import io
import os
from types import SimpleNamespace

import pytest

from host.board import ports
from host.console import Console
from host.failure import Exit, Failure


def usb(device, vid=0x10C4, pid=0xEA60, serial_number="0213A1B2"):
    return SimpleNamespace(device=device, vid=vid, pid=pid, serial_number=serial_number)


ONE = usb("/dev/ttyUSB0")
TWO = usb("/dev/ttyUSB1", serial_number="0213A1B3")
OTHERS = [usb("/dev/ttyS0", None, None, None), usb("/dev/ttyACM0", 0x2341, 0x0043)]  # a built-in port, an Arduino


def find(*listing, answers=None, **options):
    console = Console(**options)
    if answers is not None:
        console.answer = lambda question: answers
    return ports.find(console, ports.candidates(lambda: [*listing]))


def test_the_only_bridge_is_taken_whatever_else_is_plugged_in():
    assert find(*OTHERS, ONE) == "/dev/ttyUSB0"


@pytest.mark.parametrize("vid, pid", ports.BRIDGES)
def test_every_bridge_of_the_table_is_found(vid, pid):
    assert find(usb("/dev/ttyUSB7", vid, pid)) == "/dev/ttyUSB7"


def test_none_found():
    with pytest.raises(Failure, match="no board found") as failure:
        find(*OTHERS)
    assert failure.value.code == Exit.PORT


@pytest.mark.parametrize("options", [{}, {"assume_yes": True}, {"dry_run": True}])
def test_two_are_never_guessed_between(options, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(Failure) as failure:
        find(TWO, ONE, **options)
    assert failure.value.code == (Exit.PORT if options else Exit.USAGE)


def test_two_are_told_apart_by_serial_number_and_asked_about(capsys):
    assert find(TWO, ONE, answers="2") == "/dev/ttyUSB1"
    assert "serial number 0213A1B3" in capsys.readouterr().err


@pytest.mark.parametrize("answer", ["", "0", "3", "x"])
def test_an_answer_that_is_none_of_them_touches_nothing(answer):
    with pytest.raises(Failure, match="nothing was touched"):
        find(TWO, ONE, answers=answer)


def test_by_id_name_is_shown(tmp_path):
    device = tmp_path / "ttyUSB0"
    device.touch()
    by_id = tmp_path / "by-id"
    by_id.mkdir()
    (by_id / "usb-Silicon_Labs_CP2104").symlink_to(device)
    (port,) = ports.candidates(lambda: [usb(str(device))], by_id)
    assert "usb-Silicon_Labs_CP2104" in str(port)


@pytest.fixture
def pty():
    master, slave = os.openpty()
    yield master, os.ttyname(slave), slave
    os.close(master)


def test_free_pty_is_fine(pty):
    _, name, slave = pty
    os.close(slave)
    ports.check(name)


def test_holder_is_named(pty, tmp_path):
    _, name, slave = pty
    os.close(slave)
    process = tmp_path / "proc" / "4242"
    (process / "fd").mkdir(parents=True)
    (process / "comm").write_text("picocom\n")
    (process / "fd" / "3").symlink_to(name)
    (tmp_path / "proc" / "uptime").touch()
    link = tmp_path / "ttyFEATHER"
    link.symlink_to(name)
    assert ports.holders(str(link), tmp_path / "proc") == ["picocom (process 4242)"]


def test_missing_port():
    with pytest.raises(Failure, match="/dev/ttyNONE"):
        ports.check("/dev/ttyNONE")


def test_a_file_is_no_port(tmp_path):
    (tmp_path / "x").touch()
    with pytest.raises(Failure, match="not a serial port"):
        ports.check(str(tmp_path / "x"))


@pytest.mark.parametrize("number, hint", [(13, "dialout"), (16, "fuser"), (5, "pull the cable")])
def test_reasons(pty, monkeypatch, number, hint):
    _, name, slave = pty
    os.close(slave)

    def refuse(path, flags):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(Failure, match=hint) as failure:
        ports.check(name)
    assert failure.value.code == Exit.PORT


def test_addresses_are_not_looked_for_on_disk():
    ports.check("rfc2217://127.0.0.1:4000")
