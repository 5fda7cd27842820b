"""The files of an update by air change places, at the start: an update that is whole comes in, a bad one goes.

Each rename has happened whole or not at all. So whatever a power cut leaves is gone on with at the next start, by
looking at what is where. New files are at first in new/ as 0, 1, ..., the old ones in their stead as o0, o1, ...; those
of staged.TOP come last, when all the others have proved good, and have then been tried as well.
"""

import os

import machine
from staged import TOP, exists, manifest, put

# In place of main.py, which it imports itself: two more functions in between would be too deep for the chip's stack.
_MAIN = """\
import trial  # an update by air is on trial

try:
    if trial.begin(globals().pop("interrupted", False)):
        import main
    trial.wait()
except (Exception, SystemExit) as e:
    trial.fail("main.py", e)
except KeyboardInterrupt:
    print("Ctrl-D goes on with the trial.")
finally:
    trial.end()
"""


def switch():
    """Bring the new files in, and the lines that run main.py on trial in its place."""
    mine = "new/main.py"
    for new, path, _, _ in manifest():
        if path == "main.py":
            mine = "new/old.py"
        elif new[4:] not in TOP and exists(new):
            old = "new/o" + new[4:]
            if exists(path) and not exists(old):
                os.rename(path, old)
            _make_folder(path)
            os.rename(new, path)
    if exists("main.py") and not exists(mine):
        _forget_settings()
        os.rename("main.py", mine)
    if not exists("main.py"):
        put("main.py", _MAIN)


def _make_folder(path):
    at = path.find("/")
    while at > 0:
        if not exists(path[:at]):
            os.mkdir(path[:at])
        at = path.find("/", at + 1)


def _forget_settings():
    if exists("config.ok"):  # config.json as checked by the other version
        os.remove("config.ok")


def go_back():
    """Bring the old files back, and leave in update.back why."""
    _forget_settings()
    if exists("new/manifest"):  # without, all is done but for some files in new/
        files = _restore()
        with open("new/why") as f:
            put("update.back", "%s (of %s)" % (f.read(), files[2:100]))
    for _ in _clean("back"):
        pass
    head = b"hn\0s" + bytes(8)  # no crash of the trial's counts any more: see node/resets.py
    machine.RTC().memory(head + machine.RTC().memory()[len(head) :])


def _restore():
    mine = "new/main.py"
    files = ""
    for new, path, _, _ in manifest():
        files += ", " + path
        if path == "main.py":
            mine = "new/old.py"
        elif new[4:] not in TOP:
            if exists(path) and not exists(new):
                os.rename(path, new)
            old = "new/o" + new[4:]
            if exists(old):
                os.rename(old, path)
    if exists(mine):
        os.rename(mine, "main.py")
    return files


def finish():
    """Put the last files in their places and forget the old ones. A generator: a file at a time."""
    if exists("new/manifest"):
        for new, path, _, _ in manifest():
            if new[4:] in TOP and path != "main.py" and exists(new):
                _make_folder(path)
                os.rename(new, path)
                yield
    if exists("new/main.py"):
        os.rename("new/main.py", "main.py")
        yield
    yield from _clean("done")


def _clean(last):
    names = os.listdir("new")
    if "manifest" in names:  # first: while it is there, what is missing here counts as moved
        os.remove("new/manifest")
    for name in names:
        if name != last and name != "manifest":
            os.remove("new/" + name)
            yield
    os.remove("new/" + last)
    os.rmdir("new")
