"""The files that an upload sends, removes and leaves alone."""

import os
from pathlib import Path

import pytest

from host import private_files
from host.board.backup import Record, edited, hashes
from host.board.repl import BoardFile, Survey
from host.board.upload import by_mpremote, by_rshell, changes, check_room, shadows
from host.console import Console
from host.failure import Exit, Failure

NEW = {"boot.py": b"boot", "main.py": b"main", "lib/node/led.mpy": b"led", "lib/node/sensors/tsl2561.mpy": b"lux"}


def survey(files, free=700, folders=("lib", "lib/node", "lib/node/sensors")):
    board = {
        path: BoardFile(len(content), digest)
        for (path, content), digest in zip(files.items(), hashes(files).values(), strict=True)
    }
    return Survey("5ccf7f1a2b3c", 763, free, "v1.28.0", board, set(folders))


@pytest.fixture
def record(tmp_path):
    return Record("5ccf7f1a2b3c", tmp_path)


def test_same_files_need_nothing(record):
    assert not changes(survey(NEW), NEW, record)


def test_only_what_differs_is_sent(record):
    wanted = changes(survey(NEW | {"main.py": b"old"}), NEW, record)
    assert (wanted.send, wanted.remove, wanted.folders) == (["main.py"], [], [])


def test_empty_board_gets_folders_parents_first(record):
    wanted = changes(survey({}, folders=()), NEW, record)
    assert wanted.send == sorted(NEW)
    assert wanted.folders == ["lib", "lib/node", "lib/node/sensors"]


def test_files_of_an_earlier_version_go_the_users_own_stay(record):
    record.deployed("plain", NEW | {"lib/node/old.mpy": b"old"})
    wanted = changes(
        survey(NEW | {"lib/node/old.mpy": b"old", "notes.txt": b"mine", "lib/mine.py": b"mine"}), NEW, record
    )
    assert (wanted.send, wanted.remove) == ([], ["lib/node/old.mpy"])


def test_source_that_would_be_imported_in_place_of_bytecode_goes(record):
    wanted = changes(survey(NEW | {"lib/node/led.py": b"source"}), NEW, record)
    assert wanted.remove == ["lib/node/led.py"]


def test_users_own_module_in_the_root_stays_and_is_named(record):
    board = survey(NEW | {"node/led.py": b"mine", "other.py": b"mine"})
    assert changes(board, NEW, record).remove == []
    assert shadows(board, NEW) == ["node/led.py"]


def test_edited_files_are_those_from_neither_side(record):
    record.deployed("plain", NEW)
    newer = NEW | {"main.py": b"newer"}
    assert edited(survey(NEW), record, newer) == []
    assert edited(survey(NEW | {"main.py": b"newer"}), record, newer) == []
    board = survey(
        NEW
        | {
            "main.py": b"by hand",
            "data.csv": b"1",
            "rom/lib/node/x.mpy": b"x",
            "config.ok": b"{}",
            "slot": b"1 - 7 ",
        }
    )
    assert edited(board, record, newer) == ["data.csv", "main.py"]


def test_board_from_another_computer_is_all_unknown(record):
    assert edited(survey({"main.py": b"theirs", "boot.py": b"boot"}), record, NEW) == ["main.py"]


def test_record_is_kept(record, tmp_path):
    record.deployed("romfs", NEW)
    again = Record("5ccf7f1a2b3c", tmp_path)
    assert (again.layout, again.files) == ("romfs", hashes(NEW))


def test_full_file_system_is_noticed_before_anything_is_sent(record):
    board = survey({}, free=5, folders=())
    with pytest.raises(Failure, match="full") as failure:
        check_room(board, NEW, changes(board, NEW, record))
    assert failure.value.code == Exit.FILES
    check_room(survey(NEW, free=5), NEW, changes(survey(NEW), NEW, record))


class Shell:
    """Records the command instead of running it, and answers as the program did."""

    def __init__(self, status=0, output=""):
        self.answer = status, output

    def run(self, argv):
        self.argv = [str(word) for word in argv]
        return self.answer


def upload(tmp_path, record, uploader, shell, files=None):
    wanted = changes(survey(files or {}, folders=()), NEW, record)
    uploader(shell, "/dev/null", tmp_path, wanted)
    return shell.argv


def test_mpremote_command(tmp_path, record):
    record.deployed("plain", {"old.py": b"old"})
    argv = upload(tmp_path, record, by_mpremote, Shell(), {"old.py": b"old"} | NEW | {"main.py": b"x"})
    assert " ".join(argv[1:]) == (
        "connect /dev/null resume rm :old.py + mkdir :lib + mkdir :lib/node + mkdir :lib/node/sensors "
        f"+ cp {tmp_path}/main.py :main.py"
    )


def test_rshell_command(tmp_path, record):
    *options, commands = upload(tmp_path, record, by_rshell, Shell())
    assert options[1:] == ["--port", "/dev/null", "--baud", "115200", "--buffer-size", "128"]
    assert commands.split("; ") == [
        "mkdir /pyboard/lib",
        "mkdir /pyboard/lib/node",
        "mkdir /pyboard/lib/node/sensors",
        f"cp {tmp_path}/boot.py /pyboard/boot.py",
        f"cp {tmp_path}/main.py /pyboard/main.py",
        f"cp {tmp_path}/lib/node/led.mpy /pyboard/lib/node",
        f"cp {tmp_path}/lib/node/sensors/tsl2561.mpy /pyboard/lib/node/sensors",
    ]


def test_rshell_never_meets_a_local_folder_of_that_name(tmp_path, record, monkeypatch):
    monkeypatch.setattr("host.board.upload._PYBOARD", tmp_path)
    with pytest.raises(Failure, match="rshell might write"):
        upload(tmp_path, record, by_rshell, Shell())


@pytest.fixture
def silent_port():
    """A serial port with nothing behind it."""
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(slave)
    os.close(master)


def test_rshell_without_a_board_writes_nothing_here(tmp_path, record, silent_port):
    """The real rshell finds no board, goes on, and takes /pyboard for a folder of this computer."""
    private_files.write(tmp_path / "main.py", b"main")
    with pytest.raises(Failure, match="run this again") as failure:
        by_rshell(Console(), silent_port, tmp_path, changes(survey({}), {"main.py": b"main"}, record))
    assert failure.value.code == Exit.FILES
    assert not Path("/pyboard").exists()


def test_rshell_cannot_do_addresses(tmp_path, record):
    with pytest.raises(Failure, match="mpremote") as failure:
        by_rshell(Shell(), "rfc2217://127.0.0.1:4000", tmp_path, changes(survey({}), NEW, record))
    assert failure.value.code == Exit.USAGE


@pytest.mark.parametrize(
    "uploader, shell, word",
    [
        (by_mpremote, Shell(1, "mpremote: OSError: [Errno 28] ENOSPC"), "full"),
        (by_mpremote, Shell(1, "mpremote: failed to access /dev/null"), "failed to access"),
        (by_rshell, Shell(1, "Unable to copy 'a' to 'b'"), "Unable to copy"),
        (by_rshell, Shell(0, "No MicroPython boards connected - use the connect command"), "broke off"),
    ],
)
def test_uploads_that_break_off(tmp_path, record, uploader, shell, word):
    with pytest.raises(Failure, match=word) as failure:
        upload(tmp_path, record, uploader, shell)
    assert failure.value.code == Exit.FILES
