"""How the scripts end when they fail."""

import errno
import subprocess
import sys

import pytest
from clone import ROOT

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


def lose_the_broker():
    raise BrokenPipeError(errno.EPIPE, "Broken pipe")


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
        (lose_the_broker, Exit.PROGRAM, "Broken pipe: this is a fault of the script"),  # not that of our output
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


@pytest.mark.parametrize(
    ("work", "reader"),
    [
        ("[print(i, flush=True) for i in range(99999)]", "| head -n 1"),
        ("[print(i, file=sys.stderr) for i in range(99999)]", "2>&1 | head -n 1"),
        ("print(time.sleep(0.5))", "| true"),  # written at the end only
    ],
)
def test_into_a_program_that_has_read_enough(work, reader):
    script = f"import sys, time; from host.failure import run; run(lambda: {work})"
    words = ["bash", "-c", f'"$0" -c "$1" {reader} >/dev/null; echo "${{PIPESTATUS[0]}}"', sys.executable, script]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{Exit.OK}\n", "")
