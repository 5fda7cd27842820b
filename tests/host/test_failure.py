"""How the scripts end."""

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


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "main, code, sentence",
    [
        (fail, Exit.BOARD, "press RESET\n(docs/troubleshooting.md, exit 5)"),
        (fill_the_disk, Exit.COMPUTER, "No space left on device: df -h"),
        (write_to_roots_file, Exit.COMPUTER, "build/romfs/romfs.bin: Permission denied: files of this folder"),
        (interrupt, Exit.INTERRUPTED, "run this again"),
        (lambda: None, Exit.OK, ""),
    ],
)
def test_one_sentence_and_a_code(main, code, sentence, capsys):
    with pytest.raises(SystemExit) as end:
        run(main)
    assert end.value.code == code
    assert sentence in capsys.readouterr().err


def test_a_mistake_of_ours_keeps_its_traceback():
    def main():
        raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        run(main)
