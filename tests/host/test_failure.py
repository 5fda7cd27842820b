"""How the scripts end when they fail."""

import errno

import pytest

from host.failure import Exit, Failure, run


def fail():
    raise Failure(Exit.BOARD, "the board is asleep: press RESET")


def fill_the_disk():
    with open("/dev/full", "w") as file:  # every write finds the disk full
        file.write("x")


def write_to_roots_file():
    raise PermissionError(errno.EACCES, "Permission denied", "build/romfs/romfs.bin")


def break_off():
    raise OSError(errno.EIO, "Input/output error")


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "main, code, sentence",
    [
        (fail, Exit.BOARD, "press RESET\n(docs/troubleshooting.md, exit 5)"),
        (fill_the_disk, Exit.COMPUTER, "No space left on device: df -h"),
        (write_to_roots_file, Exit.COMPUTER, "build/romfs/romfs.bin: Permission denied: files of this folder"),
        (interrupt, Exit.INTERRUPTED, "run this again"),
        (lambda: int("many"), Exit.PROGRAM, "ValueError in test_failure.py, line "),
        (lambda: {}["x"], Exit.PROGRAM, "KeyError in test_failure.py, line "),
        (break_off, Exit.PROGRAM, "Input/output error: this is a fault of the script"),
        (lambda: None, Exit.OK, ""),
    ],
)
def test_one_sentence_and_a_code(main, code, sentence, capsys):
    with pytest.raises(SystemExit) as end:
        run(main)
    assert end.value.code == code
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
