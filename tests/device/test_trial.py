"""The moves of an update by air, cut short at every single change of the file system, and gone on with."""

import os
import sys

import machine
from node import resets

FOLDER = "/tmp/node-trial-%d" % __import__("time").time_ns()
OLD = {"main.py": "old main", "lib/node/a.mpy": "old a", "lib/node/b.mpy": "old b", "boot.py": "old boot"}
NEW = {"main.py": "new main", "lib/node/a.mpy": "new a", "lib/node/c.mpy": "new c", "boot.py": "new boot"}
ALL_NEW = dict(OLD)
ALL_NEW.update(NEW)


class Cut(BaseException):
    """The supply has gone."""


class Os:
    """The module os, whose changes of the file system end in Cut after so many."""

    def __init__(self, left):
        self.left = left

    def __getattr__(self, name):
        real = getattr(os, name)
        if name not in ("rename", "remove", "mkdir", "rmdir"):
            return real

        def change(*args):
            if not self.left:
                raise Cut
            self.left -= 1
            return real(*args)

        return change


def write(path, text):
    at = path.find("/")
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError:
            pass
        at = path.find("/", at + 1)
    with open(path, "w") as f:
        f.write(text)


def read(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return None


def clear(folder):
    for name, kind, *_ in list(os.ilistdir(folder)):
        if kind == 0x4000:
            clear(folder + "/" + name)
            os.rmdir(folder + "/" + name)
        else:
            os.remove(folder + "/" + name)


def prepare(new=NEW):
    """A board with the old files, and an update that is verified."""
    try:
        os.mkdir(FOLDER)
    except OSError:
        pass
    os.chdir(FOLDER)
    clear(FOLDER)
    for path, text in OLD.items():
        write(path, text)
    lines = "9.9\n"
    for number, path in enumerate(sorted(new)):
        write("new/" + (path if path in ("main.py", "boot.py") else str(number)), new[path])
        lines += "%d %s %s\n" % (len(new[path]), "00" * 32, path)
    write("new/manifest", lines)
    write("new/go", "0")
    machine.RTC.contents = b""
    machine.cause = machine.SOFT_RESET


def parts(left=-1):
    """The modules as after a reset, with so many changes until the supply goes."""
    for name in ("trial", "moves", "staged"):
        sys.modules.pop(name, None)
    import moves
    import staged
    import trial

    moves.os = staged.os = trial.os = Os(left)
    trial._moves = lambda: moves
    trial._watch = lambda: None
    return trial


def start():
    """What boot.py does."""
    trial = parts()
    if "new" in os.listdir():
        trial.boot()
    return trial


def is_new():
    """Whether the board has the new files: all of them; False: all of the old ones."""
    now = {path: read(path) for path in ALL_NEW}
    old = {path: OLD.get(path) for path in ALL_NEW}
    assert now == ALL_NEW or now == old, now
    return now == ALL_NEW


def cut_everywhere(action, want, files=NEW):
    """Cut the supply at each change that `action` makes, start again, end the trial by `want`; how many there were."""
    changes = 0
    while True:
        prepare(files)
        try:
            action(parts(changes))
            whole = True
        except Cut:
            whole = False
        trial = start()
        if read("new/go") is not None:  # on trial
            assert read("main.py").startswith("import trial")
            assert read("lib/node/a.mpy") == files["lib/node/a.mpy"]
            want(trial)
        assert "new" not in os.listdir(), os.listdir("new")
        if whole:
            return changes
        changes += 1


def succeed(trial):
    for _ in trial.commit():
        pass
    assert is_new()


def fail(trial):
    trial.back("why")
    start()
    assert not is_new()
    assert read("update.back").startswith("why (of boot.py, "), read("update.back")


def test_cut_while_it_comes_in():
    assert cut_everywhere(lambda trial: trial.boot(), succeed) == 5


def test_cut_while_it_comes_in_and_then_it_is_bad():
    assert cut_everywhere(lambda trial: trial.boot(), fail) == 5


def test_cut_while_the_old_one_goes():
    def action(trial):
        trial.boot()
        for _ in trial.commit():
            pass

    assert cut_everywhere(action, succeed) > 12
    assert is_new()


def test_cut_while_it_goes_back():
    def action(trial):
        trial.boot()
        trial.back("why")
        trial.running = False
        trial.boot()

    assert cut_everywhere(action, fail) > 15
    assert not is_new()


def test_without_main_py_in_it():
    files = {"lib/node/a.mpy": "new a"}
    prepare(files)
    trial = parts()
    trial.boot()
    assert read("new/main.py") == "old main" and read("lib/node/a.mpy") == "new a"
    trial.back("why")
    parts().boot()
    assert not is_new()
    prepare(files)
    trial = parts()
    trial.boot()
    for _ in trial.commit():
        pass
    assert read("main.py") == "old main" and read("lib/node/a.mpy") == "new a" and "new" not in os.listdir()


def crash(why):
    try:
        resets.reset(why, "session")
    except machine.Reset:
        pass


def test_three_crashes_end_a_trial():
    prepare()
    for crashes in range(3):
        parts().boot()
        assert read("new/go") == str(crashes)
        crash("watchdog")
    parts().boot()
    assert not is_new() and read("update.back").startswith("crashed three times, at last in session (of ")
    assert resets.word()[2] == 0  # and none of them counts for a safe start


def test_resets_of_other_kinds_do_not_count():
    prepare()
    for _ in range(5):
        parts().boot()
        crash("restart")
    parts().boot()
    machine.cause = machine.WDT_RESET
    parts().boot()
    assert read("new/go") == "1"
    machine.cause = machine.PWRON_RESET
    machine.RTC.contents = b""
    parts().boot()
    assert read("new/go") == "1"


def test_the_time_is_up():
    prepare()
    trial = parts()
    trial.boot()
    trial._reset = lambda: None
    for _ in range(35):
        trial._tick(None)
    assert read("new/go") is not None
    trial._tick(None)
    parts().boot()
    assert not is_new() and read("update.back").startswith("did not reach its broker within 180 s (of ")


def test_the_time_is_up_and_the_heap_too():
    prepare()
    trial = parts()
    trial.boot()
    trial._reset = lambda: None

    def fail(why):
        raise MemoryError

    trial.back, trial._left = fail, 1
    trial._tick(None)
    parts().boot()
    assert not is_new() and read("update.back").startswith(
        "did not reach its broker within 180 s, no heap is left (of "
    )
